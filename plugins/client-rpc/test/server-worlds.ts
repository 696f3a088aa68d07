import { MemoryBus, memoryBroker } from "@micro/broker-memory";
import { jsonCodec } from "@micro/codec-json";
import { createService, definePlugin, defineService, type Logger, MicroError, nullLogger } from "@micro/core";
import { logger } from "@micro/logger";
import { registry } from "@micro/registry";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import type {
  ServerHarness,
  ServerWorld,
  ServerWorldCall,
  ServerWorldOptions,
} from "@micro/server/conformance";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { rpcClient } from "../src/index.ts";

/** Worlds of the server suite over one transport. */
export function serverHarness(transport: "http" | "memory"): ServerHarness {
  return { start: (options) => startWorld(transport, options) };
}

async function startWorld(transport: "http" | "memory", options: ServerWorldOptions): Promise<ServerWorld> {
  const world = new MemoryRegistryWorld();
  const network = new MemoryNetwork();
  const bus = new MemoryBus();
  const down = { value: options.registryDown ?? false };
  const warnings: string[] = [];
  const common = {
    transport: transport === "http" ? { plugin: "http" as const } : { plugin: "memory" as const, network },
    broker: { bus },
  };
  const services: { stop(options?: { readonly graceMs?: number }): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const service of services.splice(0).reverse()) await service.stop({ graceMs: 200 });
  };
  const caller = await createService(defineService({ name: "conformance-caller" }), {
    ...common,
    plugins: [
      jsonCodec,
      memoryTransport,
      httpTransport,
      randomSelector,
      memoryRegistry,
      memoryBroker,
      rpcClient,
    ],
    client: { poolRetries: 0 },
  });
  services.push(caller);
  try {
    await caller.start();
    const service = await createService(options.definition, {
      ...common,
      plugins: [
        jsonCodec,
        memoryTransport,
        httpTransport,
        brokenRegistry(world, down),
        listeningLogger(warnings),
        rpcServer,
        memoryBroker,
      ],
      server: { address: "127.0.0.1:0", ...options.server },
      broker: { bus, enabled: options.broker ?? false },
      ...(options.middleware === undefined ? {} : { middleware: options.middleware }),
    });
    services.push(service);
    await service.start();
    const { name } = options.definition;
    const address = service.server.address ?? "";
    const given = ({ metadata, timeoutMs, signal, onHeader, onTrailer }: ServerWorldCall) => ({
      address,
      ...(metadata === undefined ? {} : { metadata }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
      ...(onHeader === undefined ? {} : { onHeader }),
      ...(onTrailer === undefined ? {} : { onTrailer }),
    });
    return {
      server: service.server,
      warnings,
      call: (call) => caller.client.call({ ...call, service: name }, given(call)),
      stream: (call) => caller.client.stream({ ...call, service: name }, given(call)),
      publish: (topic, message) => caller.client.publish(topic, message),
      // A record holds one node here: only this server registers.
      registered: async () =>
        (await world.connect().get(name)) as Awaited<ReturnType<ServerWorld["registered"]>>,
      setRegistryDown: (value) => {
        down.value = value;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The memory registry of a world, which does not answer while it is `down`. */
function brokenRegistry(world: MemoryRegistryWorld, down: { value: boolean }) {
  return definePlugin(registry, {
    name: "memory",
    create: () => {
      const backend = world.connect();
      const register = backend.register.bind(backend);
      backend.register = async (...given) => {
        if (down.value) throw new MicroError({ code: "UNAVAILABLE", detail: "the registry is away" });
        await register(...given);
      };
      return backend;
    },
  });
}

/** Keeps the warnings. */
function listeningLogger(warnings: string[]) {
  const own: Logger = {
    ...nullLogger,
    warn: (message) => void warnings.push(typeof message === "string" ? message : message()),
    child: () => own,
  };
  return definePlugin(logger, { name: "listening", create: () => own });
}
