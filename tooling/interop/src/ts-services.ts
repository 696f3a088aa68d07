import { httpBroker } from "@micro/broker-http";
import { natsBroker } from "@micro/broker-nats";
import type { client } from "@micro/client";
import { grpcClient } from "@micro/client-grpc";
import { rpcClient } from "@micro/client-rpc";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import { textCodec } from "@micro/codec-text";
import {
  type ComponentSettings,
  createService,
  defineService,
  type Service,
  type ServiceDefinition,
} from "@micro/core";
import { mdnsRegistry } from "@micro/registry-mdns";
import { memoryRegistry } from "@micro/registry-memory";
import { natsRegistry } from "@micro/registry-nats";
import { randomSelector } from "@micro/selector";
import { grpcServer } from "@micro/server-grpc";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { natsTransport } from "@micro/transport-nats";

/** What a TypeScript peer that only calls is made of. */
const callerPlugins = [
  jsonCodec,
  bytesCodec,
  textCodec,
  protobufCodec,
  jsonrpcCodec,
  protorpcCodec,
  memoryRegistry,
  mdnsRegistry,
  natsRegistry,
  randomSelector,
  httpTransport,
  natsTransport,
  httpBroker,
  natsBroker,
  rpcClient,
] as const;
const servicePlugins = [...callerPlugins, rpcServer] as const;

const grpcPlugins = [
  jsonCodec,
  bytesCodec,
  protobufCodec,
  memoryRegistry,
  randomSelector,
  grpcClient,
  grpcServer,
] as const;

/** A TypeScript peer that serves and calls over gRPC. */
export type GrpcService = Service<typeof grpcPlugins>;

/** Starts a peer that serves `definition` over gRPC, and calls. */
export async function startGrpcService(
  definition: ServiceDefinition<readonly [typeof client]>,
): Promise<GrpcService> {
  const service = await createService(definition, {
    plugins: grpcPlugins,
    configFile: false,
    server: { address: "127.0.0.1:0" },
    client: { poolRetries: 0 },
  });
  await service.start();
  return service;
}

/** A TypeScript peer that calls. */
export type TsCaller = Service<typeof callerPlugins>;
/** A TypeScript peer that serves and calls. */
export type TsService = Service<typeof servicePlugins>;
/** Options of their components. */
export type TsSettings = ComponentSettings<typeof servicePlugins>;

/** Where nobody else looks: a registry of the peer's own. */
export const ALONE: TsSettings = { registry: { plugin: "memory" } };

/** The registry that Go processes see too, under a domain of this run's own. */
export function onMdns(domain: string): TsSettings {
  return { registry: { plugin: "mdns", domain } };
}

/** Components that {@link onNats} puts on NATS. */
export type OnNats = "registry" | "broker" | "transport";

/** Some of the components on the NATS server at `address`; a peer without its registry is one of {@link ALONE}. */
export function onNats(address: string, components: readonly OnNats[]): TsSettings {
  const nats = { plugin: "nats", addresses: [address] } as const;
  const has = (component: OnNats): boolean => components.includes(component);
  return {
    // So that a watcher soon notices a node that went without a word.
    ...(has("registry") ? { registry: { ...nats, refreshInterval: "500ms" } } : ALONE),
    ...(has("broker") ? { broker: nats } : {}),
    // A new inbox, where the others listen on a port.
    ...(has("transport") ? { transport: nats, server: { address: ":0" } } : {}),
  };
}

/** Starts a peer that calls. */
export async function startCaller(settings: TsSettings = ALONE): Promise<TsCaller> {
  const { server: _, ...rest } = settings;
  const service = await createService(defineService({ name: "interop-caller" }), {
    plugins: callerPlugins,
    configFile: false,
    ...withLoopback(rest),
    client: { poolRetries: 0, ...settings.client },
  });
  await service.start();
  return service;
}

/** Starts a peer that serves `definition` on a free port of loopback. */
export async function startService(
  definition: ServiceDefinition<readonly [typeof client]>,
  settings: TsSettings = ALONE,
): Promise<TsService> {
  const service = await createService(definition, {
    plugins: servicePlugins,
    configFile: false,
    ...withLoopback(settings),
    server: { address: "127.0.0.1:0", ...settings.server },
  });
  await service.start();
  return service;
}

function withLoopback<Settings extends TsSettings>(settings: Settings): Settings {
  return { ...settings, broker: { addresses: ["127.0.0.1:0"], ...settings.broker } };
}
