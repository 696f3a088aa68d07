import { MemoryBus, memoryBroker } from "@micro/broker-memory";
import { clientConformance, clientHarness } from "@micro/client/conformance";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { definePlugin } from "@micro/core";
import { logger } from "@micro/logger";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { serverConformance, serverHarness } from "@micro/server/conformance";
import { rpcServer } from "@micro/server-rpc";
import { beforeEach, describe, test } from "vitest";
import { quicTransport } from "../src/index.ts";
import { loopbackCertificates, whyNoDriver } from "../src/testing/world.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

// Of an authority: some of these cases dial addresses that no registry knows. Announced ones: processes.test.ts.
const tls = await loopbackCertificates();

const common = [jsonCodec, quicTransport, memoryRegistry];

describe("rpc client conformance over quic", () => {
  const harness = clientHarness(() => ({
    plugins: [...common, randomSelector, rpcClient, rpcServer],
    options: { registry: { world: new MemoryRegistryWorld() }, transport: { plugin: "quic", tls } },
  }));
  for (const { name, run } of clientConformance(harness)) test(name, run);
});

describe("rpc server conformance over quic", () => {
  const harness = serverHarness(() => ({
    server: [...common, memoryBroker, rpcServer],
    logger: (own) => definePlugin(logger, { name: "listening", create: () => own }),
    caller: [...common, memoryBroker, randomSelector, rpcClient],
    options: { transport: { plugin: "quic", tls }, broker: { bus: new MemoryBus() } },
  }));
  for (const { name, run } of serverConformance(harness)) test(name, run);
});
