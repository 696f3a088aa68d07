import type { Client } from "@micro/client";
import type { ClientHarness, ClientWorld, ClientWorldOptions } from "@micro/client/conformance";
import { jsonCodec } from "@micro/codec-json";
import { createService, defineService, Exchange } from "@micro/core";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { grpcServer } from "@micro/server-grpc";
import { grpcClient } from "../src/index.ts";

/** How client and servers meet: over HTTP/2, or in one process. */
export type Way = "grpc" | "inside";

/** Worlds of the client suite, in which client and servers meet in one way. */
export function clientHarness(way: Way): ClientHarness {
  return { inside: way === "inside", start: (options) => startWorld(way, options) };
}

async function startWorld(way: Way, options: ClientWorldOptions): Promise<ClientWorld> {
  const world = new MemoryRegistryWorld();
  const exchange = way === "inside" ? new Exchange() : undefined;
  const common = {
    plugins: [jsonCodec, randomSelector, memoryRegistry, grpcClient, grpcServer],
    registry: { world },
    server: { address: "127.0.0.1:0" },
    ...(exchange === undefined ? {} : { exchange }),
  } as const;
  const services: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const service of services.splice(0).reverse()) await service.stop();
  };
  try {
    const nodes = [];
    for (let index = 0; index < (options.nodes ?? 1); index++) {
      const service = await createService(options.definition, common);
      services.push(service);
      await service.start();
      const { nodeId, address = "" } = service.server;
      nodes.push({ id: nodeId, address, stop: () => service.stop() });
    }
    const caller = await createService(defineService({ name: "conformance-caller" }), {
      ...common,
      ...(options.client === undefined ? {} : { client: options.client }),
      ...(options.middleware === undefined ? {} : { middleware: options.middleware }),
    });
    services.push(caller);
    await caller.start();
    const client: Client = caller.client;
    return { client, nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
