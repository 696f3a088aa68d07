import { expect, test } from "vitest";
import { startNatsServer } from "./nats-server.ts";
import { greeting } from "./testing/greeting.ts";
import { needsNatsServer } from "./vitest.ts";

await needsNatsServer();

test("a NATS server listens, with its configuration, and comes back on the same port", async () => {
  await using server = await startNatsServer({ config: "max_payload: 12345" });
  expect(await greeting(server.address)).toContain('"max_payload":12345');
  await server.kill();
  expect(await greeting(server.address)).toBe("ECONNREFUSED");
  await server.restart();
  expect(await greeting(server.address)).toMatch(/^INFO /);
});

test("a configuration that is wrong fails with what the server said", async () => {
  await expect(startNatsServer({ config: "max_payload: many" })).rejects.toThrow(
    /ended; it printed:.*nats\.conf:2/s,
  );
});

test("a NATS server takes leaf nodes where it is asked to, on the same port after a restart", async () => {
  await using hub = await startNatsServer({ leafnodes: true });
  expect(hub.leafAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await greeting(hub.leafAddress)).toMatch(/^INFO /);
  await hub.kill();
  await hub.restart();
  expect(await greeting(hub.leafAddress)).toMatch(/^INFO /);
});
