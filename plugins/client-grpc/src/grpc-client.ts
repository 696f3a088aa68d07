import type { ConnectionOptions } from "node:tls";
import { compressionAlgorithms } from "@grpc/grpc-js";
import type { broker } from "@micro/broker";
import { type Client, client, createClient } from "@micro/client";
import { codec } from "@micro/codec";
import { componentNamed, definePlugin, option } from "@micro/core";
import { isTlsOptions } from "@micro/grpc/internal";
import { logger } from "@micro/logger";
import { selector } from "@micro/selector";
import { GrpcWire } from "./grpc-wire.ts";
import { ConnectionPool } from "./pool.ts";
import { readClientTls, tlsSection } from "./tls-options.ts";

/** A gRPC client: calls standard servers and Go Micro's gRPC server (spec 2.1 to 2.3). */
export const grpcClient = definePlugin(client, {
  name: "grpc",
  config: {
    maxReceiveMessageSize: option.size({
      description: "Largest reply, also after decompression",
      default: "4MiB",
    }),
    maxSendMessageSize: option.size({ description: "Largest request, before compression", default: "4MiB" }),
    compression: option.choice(["identity", "gzip"], {
      description: "How requests are written",
      default: "identity",
    }),
    dialTimeout: option.duration({
      description: "Longest time until a node speaks HTTP/2",
      default: "5s",
    }),
    keepaliveTime: option.duration({
      description: "Silence of a node on which calls run, before it is asked for a sign of life",
      default: "8s",
    }),
    keepaliveTimeout: option.duration({
      description: "A node that gives none for this time is gone",
      default: "5s",
    }),
    maxConnections: option.integer({
      description: "Connections to one node; unset it is 16, or pool_size where that is more",
      min: 1,
    }),
    maxStreams: option.integer({
      // Servers let a client run 100 at least (RFC 9113, 6.5.2); one is left for the sign of life.
      description: "Calls and streams that run at once on one connection",
      default: 99,
      min: 1,
    }),
    maxWaiting: option.integer({
      description: "Calls to one node that wait for a connection",
      default: 10_000,
      min: 1,
    }),
    tls: tlsSection,
    tlsOptions: option.value<ConnectionOptions>(isTlsOptions, {
      description: "Options of Node's TLS, from code only; they win over `tls`",
      expects: "ConnectionOptions",
    }),
  },
  needs: [codec, logger, selector],
  ignores: { transport: "gRPC brings its own, HTTP/2" },
  // By its name: a service that neither publishes nor subscribes need not install the broker component.
  optional: [componentNamed<typeof broker>("broker")],
  create: async ({ config, deps, scope }): Promise<Client> => {
    const compresses = config.compression === "gzip";
    const pool = new ConnectionPool({
      tls: await readClientTls(config.tls, config.tlsOptions),
      poolSize: config.poolSize,
      poolTtlMs: config.poolTtl,
      maxConnections: config.maxConnections ?? Math.max(16, config.poolSize),
      maxStreams: config.maxStreams,
      maxWaiting: config.maxWaiting,
      dialTimeoutMs: config.dialTimeout,
      keepaliveTimeMs: config.keepaliveTime,
      keepaliveTimeoutMs: config.keepaliveTimeout,
      channelOptions: {
        "grpc.max_receive_message_length": config.maxReceiveMessageSize,
        // Checked before, where the error can name the option.
        "grpc.max_send_message_length": -1,
        ...(compresses ? { "grpc.default_compression_algorithm": compressionAlgorithms.gzip } : {}),
        // Repeating, choosing nodes and looking them up is not grpc-js's work here.
        "grpc.enable_retries": 0,
        "grpc.service_config_disable_resolution": 1,
        "grpc.enable_http_proxy": 0,
        "grpc.use_local_subchannel_pool": 1,
        "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
        "grpc.enable_channelz": 0,
      },
    });
    return createClient({
      scope,
      config,
      selector: deps.selector,
      codecs: deps.codec,
      broker: deps.broker,
      logger: deps.logger,
      wire: new GrpcWire({
        codecs: deps.codec,
        pool,
        maxSendBytes: config.maxSendMessageSize,
        compresses,
      }),
    });
  },
});
