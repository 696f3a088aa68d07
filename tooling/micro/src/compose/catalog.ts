import type { AnyPlugin } from "@micro/core";

/** Loads one plugin. */
export type PluginLoader = () => Promise<AnyPlugin>;

/** The plugins of one component that the command brings along. */
export interface CatalogEntry {
  /** The one that is taken when nothing chooses. */
  readonly default: string;
  /** True when all of them are listed together. */
  readonly multiple?: boolean;
  readonly plugins: Readonly<Record<string, PluginLoader>>;
  /** Other names of them, and of plugins that are packages of their own. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/**
 * What works without any further package: whatever needs no server of somebody else. Each is loaded when it is chosen,
 * because loading all of them takes longer than most commands.
 */
export const CATALOG: Readonly<Record<string, CatalogEntry>> = {
  registry: {
    default: "mdns",
    plugins: {
      mdns: async () => (await import("@micro/registry-mdns")).mdnsRegistry,
      file: async () => (await import("@micro/registry-file")).fileRegistry,
      memory: async () => (await import("@micro/registry-memory")).memoryRegistry,
    },
  },
  transport: {
    default: "http",
    plugins: {
      http: async () => (await import("@micro/transport-http")).httpTransport,
      memory: async () => (await import("@micro/transport-memory")).memoryTransport,
    },
  },
  broker: {
    default: "http",
    plugins: {
      http: async () => (await import("@micro/broker-http")).httpBroker,
      memory: async () => (await import("@micro/broker-memory")).memoryBroker,
    },
  },
  client: {
    default: "rpc",
    plugins: {
      rpc: async () => (await import("@micro/client-rpc")).rpcClient,
      grpc: async () => (await import("@micro/client-grpc")).grpcClient,
    },
    aliases: { mucp: "rpc" },
  },
  codec: {
    default: "json",
    multiple: true,
    plugins: {
      json: async () => (await import("@micro/codec-json")).jsonCodec,
      bytes: async () => (await import("@micro/codec-bytes")).bytesCodec,
      text: async () => (await import("@micro/codec-text")).textCodec,
      protobuf: async () => (await import("@micro/codec-protobuf")).protobufCodec,
    },
  },
  selector: {
    default: "random",
    plugins: {
      random: async () => (await import("@micro/selector")).randomSelector,
      roundrobin: async () => (await import("@micro/selector")).roundRobinSelector,
      leastpending: async () => (await import("@micro/selector")).leastPendingSelector,
    },
  },
  logger: {
    default: "default",
    plugins: { default: async () => (await import("@micro/logger-console")).consoleLogger },
    // Go's structured loggers are in one package.
    aliases: { console: "default", zap: "winston", logrus: "winston" },
  },
};

/** What a service has beside that: for the commands that read its configuration. */
export const SERVICE_CATALOG: Readonly<Record<string, CatalogEntry>> = {
  ...CATALOG,
  server: {
    default: "rpc",
    plugins: { rpc: async () => (await import("@micro/server-rpc")).rpcServer },
    aliases: { mucp: "rpc" },
  },
};

/** The component that a flag belongs to, by its name: `registry` of `registry_address`. */
export function componentOfFlag(
  flag: string,
  catalog: Readonly<Record<string, CatalogEntry>>,
): string | undefined {
  return Object.keys(catalog).find((component) => flag === component || flag.startsWith(`${component}_`));
}
