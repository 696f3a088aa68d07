import { MemoryBus, memoryBroker } from "@micro/broker-memory";
import { clientConformance, clientHarness } from "@micro/client/conformance";
import { jsonCodec } from "@micro/codec-json";
import { definePlugin, Exchange } from "@micro/core";
import { logger } from "@micro/logger";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { serverConformance, serverHarness } from "@micro/server/conformance";
import { grpcServer } from "@micro/server-grpc";
import { describe, test } from "vitest";
import { grpcClient } from "../src/index.ts";

describe.each(["grpc", "inside"] as const)("client conformance, %s", (way) => {
  const inside = way === "inside";
  const harness = clientHarness(
    () => ({
      plugins: [jsonCodec, randomSelector, memoryRegistry, grpcClient, grpcServer],
      options: {
        registry: { world: new MemoryRegistryWorld() },
        ...(inside ? { exchange: new Exchange() } : {}),
      },
    }),
    { inside },
  );
  for (const { name, run } of clientConformance(harness)) test(name, run);
});

// Here and not beside the server, because a server needs a client to be tried and packages must not need each other.
describe("server conformance", () => {
  const harness = serverHarness(
    () => ({
      server: [jsonCodec, memoryRegistry, memoryBroker, grpcServer],
      logger: (own) => definePlugin(logger, { name: "listening", create: () => own }),
      caller: [jsonCodec, memoryRegistry, memoryBroker, randomSelector, grpcClient],
      options: { broker: { bus: new MemoryBus() } },
    }),
    {
      // Spec 2.2.
      unknown: (endpoint) => {
        const [type = "", method] = endpoint.split(".");
        if (method === undefined) return `malformed method name: "/${endpoint}"`;
        return type === "Case" ? `unknown service ${endpoint}` : `unknown service ${type}`;
      },
    },
  );
  for (const { name, run } of serverConformance(harness)) test(name, run);
});
