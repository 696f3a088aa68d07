import { describe, test } from "node:test";
import { MemoryBus, memoryBroker } from "@micro/broker-memory";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { definePlugin } from "@micro/core";
import { logger } from "@micro/logger";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { serverConformance, serverHarness } from "@micro/server/conformance";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { sampleServer } from "./index.ts";

const common = [jsonCodec, memoryBroker, memoryRegistry, memoryTransport];

describe("conformance", () => {
  const harness = serverHarness(() => ({
    server: [...common, sampleServer],
    logger: (own) => definePlugin(logger, { name: "listening", create: () => own }),
    // A client that speaks your wire belongs in place of rpcClient.
    caller: [...common, randomSelector, rpcClient],
    options: { transport: { network: new MemoryNetwork() }, broker: { bus: new MemoryBus() } },
  }));
  for (const { name, run } of serverConformance(harness)) test(name, run);
});
