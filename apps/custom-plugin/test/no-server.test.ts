import { instantiate } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { mqttBroker } from "../src/index.ts";

test("a server that is not there is named", async () => {
  const addresses = ["mqtt://ada:hunter2@127.0.0.1:1"];
  const broker = await instantiate(mqttBroker, { config: { addresses } });
  await expect(broker.start?.({ signal: AbortSignal.timeout(5000) })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    detail: expect.stringContaining("mqtt://ada:********@127.0.0.1:1"),
    notSent: true,
  });
});
