import { defineComponent } from "../component.ts";
import type { ConfigSource, ConfigSourceRequest, Setting } from "../config/settings.ts";
import { type Logger, nullLogger } from "../logger.ts";
import { option } from "../option.ts";
import { definePlugin, type Lifecycle } from "../plugin.ts";

/** Components and plugins as a project would write them: what core's own tests wire. */
export interface SampleRegistry extends Lifecycle {
  readonly label: string;
}

export interface SampleBroker extends Lifecycle {
  readonly label: string;
  readonly registry: SampleRegistry;
  readonly logger: Logger;
  readonly options: Readonly<Record<string, unknown>>;
}

export const registry = defineComponent<SampleRegistry>()({
  name: "registry",
  description: "Sample registry",
  config: {
    addresses: option.list({ description: "Addresses", default: [], flag: "address" }),
    ttl: option.duration({ description: "Time to live", default: "1m", unit: "s" }),
  },
  defaultPlugin: "mdns",
});

export const broker = defineComponent<SampleBroker>()({
  name: "broker",
  description: "Sample broker",
  config: {
    addresses: option.list({ description: "Addresses", default: [], flag: "address" }),
    poolSize: option.integer({ description: "Pool", default: 1, min: 0 }),
    token: option.string({ description: "Token", secret: true }),
  },
  defaultPlugin: "http",
});

export const logger = defineComponent<Logger>()({
  name: "logger",
  description: "Sample logger",
  config: { level: option.choice(["trace", "info", "warn"], { description: "Level", default: "info" }) },
  scoped: true,
  absent: () => nullLogger,
  scope: (parent, component) => parent.child({ component }),
});

/** A logger that remembers where it came from. */
export interface LabelledLogger extends Logger {
  readonly label: string;
}

export function labelledLogger(label: string): LabelledLogger {
  return {
    ...nullLogger,
    label,
    child: (fields) => labelledLogger(`${label}/${Object.values(fields).join(",")}`),
  } as LabelledLogger;
}

/** What happened, in order. */
export type Journal = string[];

export const consoleLogger = definePlugin(logger, {
  name: "default",
  config: { pretty: option.boolean({ description: "Pretty" }) },
  create: ({ config }): Logger => labelledLogger(config.level),
});

function recorded<T extends object>(journal: Journal, name: string, api: T): T & Lifecycle {
  return {
    ...api,
    start: () => void journal.push(`start ${name}`),
    drain: () => void journal.push(`drain ${name}`),
    stop: () => void journal.push(`stop ${name}`),
  };
}

/** Plugins that write what happens to them into one journal. */
export function samplePlugins(journal: Journal = []) {
  const mdns = definePlugin(registry, {
    name: "mdns",
    config: { domain: option.string({ description: "Domain", default: "micro" }) },
    needs: [logger],
    create: ({ config }) => recorded(journal, "registry", { label: `mdns ${config.domain}` }),
  });
  const http = definePlugin(broker, {
    name: "http",
    aliases: ["web"],
    config: { port: option.integer({ description: "Port", default: 0 }) },
    needs: [registry, logger],
    create: async ({ config, deps }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return recorded(journal, "broker", {
        label: "http",
        registry: deps.registry,
        logger: deps.logger,
        options: config,
      });
    },
  });
  const nats = definePlugin(broker, {
    name: "nats",
    config: {
      jetstream: option.boolean({ description: "JetStream", default: false }),
      tls: option.object(
        {
          caFile: option.string({ description: "CA" }),
          keyPassword: option.string({ description: "Password", secret: true }),
        },
        { description: "TLS" },
      ),
    },
    needs: [registry, logger],
    create: ({ config, deps }) =>
      recorded(journal, "broker", {
        label: "nats",
        registry: deps.registry,
        logger: deps.logger,
        options: config,
      }),
  });
  return { mdns, http, nats, consoleLogger };
}

export const cli = defineComponent<ConfigSource>()({
  name: "cli",
  description: "Sample cli",
  config: {},
  phase: "config",
});

/** A source that gives what the test says, as flags and variables would. */
export function sampleCli(
  settings: (request: ConfigSourceRequest) => readonly Setting[],
  configFile?: string,
) {
  return definePlugin(cli, {
    name: "sample",
    create: (): ConfigSource => ({
      readConfig: (request) =>
        Promise.resolve({
          settings: settings(request),
          problems: [],
          ...(configFile === undefined ? {} : { configFile }),
        }),
    }),
  });
}
