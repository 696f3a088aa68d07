import { broker, brokerError, DeliveryReport, deliveryOptions } from "@micro/broker";
import { definePlugin, option, parseAddress } from "@micro/core";
import { logger } from "@micro/logger";
import { registry } from "@micro/registry";
import { TOPIC_ROOM } from "./delivery.ts";
import { CORE, PLUGIN } from "./dialects.ts";
import { HttpBroker } from "./http-broker.ts";
import { Poster } from "./poster.ts";
import { readTls, tlsSection } from "./tls-options.ts";

const DIALECTS = { core: [CORE], plugin: [PLUGIN], both: [CORE, PLUGIN] } as const;

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Publish and subscribe without a server: messages are posted to the subscribers that the registry knows, in both
 * dialects of Go Micro (spec 5.3, 5.4). Delivery is at most once.
 */
export const httpBroker = definePlugin(broker, {
  name: "http",
  config: {
    ...deliveryOptions,
    dialect: option.choice(["both", "core", "plugin"], {
      description: "Go programs to talk to: of the library, of the set of plugins, or both",
      default: "both",
    }),
    advertise: option.string({ description: "host:port that is registered instead of the bound one" }),
    inboxSize: option.integer({
      description: "Messages that wait to be posted to one subscriber",
      default: 1024,
      min: 1,
    }),
    inboxBytes: option.size({
      description: "Bytes that wait to be posted to one subscriber",
      default: "16MiB",
    }),
    connectTimeout: option.duration({
      description: "Longest time to connect to a subscriber",
      default: "2s",
    }),
    deliveryTimeout: option.duration({
      description: "Longest time from sending a message to the end of its handler",
      default: "30s",
    }),
    deliveryAttempts: option.integer({
      description: "Tries before a message that nobody took is reported as undelivered",
      default: 6,
      min: 1,
    }),
    maxConnections: option.integer({
      description: "Connections at a time, those of publishers and those to subscribers each",
      default: 1024,
      min: 1,
    }),
    registerTtl: option.duration({
      description: "The registry forgets a subscription after this time",
      unit: "s",
      default: "1m",
    }),
    registerInterval: option.duration({
      description: "A subscription is registered again after this time",
      unit: "s",
      default: "30s",
    }),
    tls: tlsSection,
  },
  needs: [registry, logger],
  create: async ({ config, deps }) => {
    const { maxMessageSize, concurrency, queueSize, queueBytes, addresses, advertise } = config;
    if (addresses.length > 1) {
      const detail = `broker.addresses: the http broker listens on one address, and ${addresses.length} are given`;
      throw brokerError("BAD_REQUEST", detail);
    }
    const tls = await readTls(config.tls);
    const report = new DeliveryReport({ ...config, logger: deps.logger });
    const dialects = DIALECTS[config.dialect];
    const { registry: ownRegistry, logger: ownLogger } = deps;
    const { inboxSize, inboxBytes, deliveryAttempts } = config;
    return new HttpBroker({
      dialects,
      registry: ownRegistry,
      logger: ownLogger,
      report,
      limits: { concurrency, queueSize, queueBytes },
      publisher: {
        dialects,
        registry: ownRegistry,
        report,
        limits: { concurrency, inboxSize, inboxBytes, deliveryAttempts },
        limit: { maxBytes: maxMessageSize },
      },
      receiver: {
        dialects,
        listen: parseAddress(addresses[0] ?? ":0", "broker.addresses"),
        advertise: advertise === undefined ? undefined : parseAddress(advertise, "broker.advertise"),
        tls: tls.receive,
        limit: { maxBytes: maxMessageSize + TOPIC_ROOM },
        maxConnections: config.maxConnections,
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        report,
        logger: ownLogger,
      },
      newPoster: () => new Poster({ ...config, tls: tls.publish }),
      listenAtStart: addresses.length > 0,
      registerTtl: config.registerTtl,
      // Twice in its ttl at least, whatever the interval says.
      registerInterval: Math.min(config.registerInterval, config.registerTtl / 2),
    });
  },
});
