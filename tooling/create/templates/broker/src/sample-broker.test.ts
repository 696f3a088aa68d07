import { describe, test } from "node:test";
import { brokerConformance } from "@micro/broker/conformance";
import { instantiate } from "@micro/core/conformance";
import { sampleBroker } from "./index.ts";

describe("conformance", () => {
  // Start a real server here, and give each instance its address.
  const create = async () => {
    const broker = await instantiate(sampleBroker);
    await broker.start?.({ signal: AbortSignal.timeout(5000) });
    return broker;
  };
  for (const { name, run } of brokerConformance({ create })) test(name, run);
});
