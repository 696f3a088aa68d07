import { definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { natsOptions, sharedLink } from "@micro/nats";
import { transport } from "@micro/transport";
import { NatsTransport } from "./nats-transport.ts";

/**
 * Calls and streams over NATS: with Go's nats transport as it speaks (spec 2.4), with our own peers in frames of which
 * many share a message. The address of a server is a subject.
 */
export const natsTransport = definePlugin(transport, {
  name: "nats",
  config: {
    chunking: option.boolean({
      description:
        "Send our own peers what is larger than the server's max_payload in pieces; off, it is refused",
      default: false,
    }),
    maxHeaderSize: option.size({ description: "Largest header of one message", default: "16KiB" }),
    maxHeaders: option.integer({ description: "Most headers of one message", default: 100, min: 8 }),
    probeInterval: option.duration({
      description:
        "Silence of one of our own peers, while something runs, before it is asked whether it is there",
      default: "1s",
    }),
    peerTimeout: option.duration({
      description: "Longest time that one of our own peers may be silent after it was asked",
      default: "10s",
    }),
    idleTimeout: option.duration({
      description:
        "Silence of a caller for which nothing runs before it is forgotten, or asked where it can be",
      default: "1m",
    }),
    maxSessions: option.integer({ description: "Most callers of a listener", default: 10_000, min: 1 }),
    maxConcurrent: option.integer({
      description: "Most exchanges that run at once for one caller",
      default: 1000,
      min: 1,
    }),
    maxWriteBuffer: option.size({
      description: "Most bytes that wait for the NATS server to take them",
      default: "64MiB",
    }),
    maxReadBuffer: option.size({
      description: "Most bytes of a Go peer's stream that wait for their reader; nothing can hold it back",
      default: "16MiB",
    }),
    streamWindow: option.size({
      description: "Bytes of one stream that may be on their way before its reader has taken them",
      default: "256KiB",
    }),
    ...natsOptions,
  },
  needs: [logger],
  create: async ({ config, deps, scope }) => {
    const { addresses, dialTimeout } = config;
    const link = await sharedLink({ scope, addresses, config, section: "transport" });
    return new NatsTransport({ context: { settings: config, link, logger: deps.logger }, dialTimeout });
  },
});
