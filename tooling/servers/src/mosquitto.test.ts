import { expect, test } from "vitest";
import { startMosquitto } from "./mosquitto.ts";
import { greeting } from "./testing/greeting.ts";
import { needsMosquitto } from "./vitest.ts";

await needsMosquitto();

test("an MQTT server listens, and comes back on the same port", async () => {
  await using server = await startMosquitto();
  const { host } = new URL(server.url);
  const CONNECT = "\u0010\u000c\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0000";
  expect(await greeting(host, CONNECT)).toBe("\u0020\u0002\u0000\u0000");
  await server.stop();
  expect(await greeting(host)).toBe("ECONNREFUSED");
  await server.restart();
  expect(await greeting(host, CONNECT)).toBe("\u0020\u0002\u0000\u0000");
});
