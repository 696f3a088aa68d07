import { MemoryBus, memoryBroker } from "@micro/broker-memory";
import { clientConformance, clientHarness } from "@micro/client/conformance";
import { jsonCodec } from "@micro/codec-json";
import { definePlugin, Exchange } from "@micro/core";
import { logger } from "@micro/logger";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { serverConformance, serverHarness } from "@micro/server/conformance";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { describe, test } from "vitest";
import { rpcClient } from "../src/index.ts";

const common = [jsonCodec, memoryTransport, httpTransport, memoryRegistry];

/** A transport of a world's own. */
function transport(plugin: "http" | "memory"): object {
  return plugin === "http" ? { plugin } : { plugin, network: new MemoryNetwork() };
}

describe.each(["http", "memory", "inside"] as const)("client conformance, %s", (way) => {
  const inside = way === "inside";
  const harness = clientHarness(
    () => ({
      plugins: [...common, randomSelector, rpcClient, rpcServer],
      options: {
        registry: { world: new MemoryRegistryWorld() },
        transport: transport(inside ? "memory" : way),
        ...(inside ? { exchange: new Exchange() } : {}),
      },
    }),
    { inside },
  );
  for (const { name, run } of clientConformance(harness)) test(name, run);
});

// Here and not beside the server, because a server needs a client to be tried and packages must not need each other.
describe.each(["http", "memory"] as const)("server conformance, %s", (plugin) => {
  const harness = serverHarness(() => ({
    server: [...common, memoryBroker, rpcServer],
    logger: (own) => definePlugin(logger, { name: "listening", create: () => own }),
    caller: [...common, memoryBroker, randomSelector, rpcClient],
    options: { transport: transport(plugin), broker: { bus: new MemoryBus() } },
  }));
  for (const { name, run } of serverConformance(harness)) test(name, run);
});
