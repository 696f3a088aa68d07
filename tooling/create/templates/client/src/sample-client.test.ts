import { describe, test } from "node:test";
import { clientConformance, clientHarness } from "@micro/client/conformance";
import { jsonCodec } from "@micro/codec-json";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { sampleClient } from "./index.ts";

// A server that speaks your wire belongs in place of rpcServer.
const plugins = [jsonCodec, memoryRegistry, memoryTransport, randomSelector, rpcServer, sampleClient];

describe("conformance", () => {
  const harness = clientHarness(() => ({
    plugins,
    options: {
      registry: { world: new MemoryRegistryWorld() },
      transport: { network: new MemoryNetwork() },
    },
  }));
  for (const { name, run } of clientConformance(harness)) test(name, run);
});
