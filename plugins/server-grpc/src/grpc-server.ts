import type { TlsOptions } from "node:tls";
import type { broker } from "@micro/broker";
import { codec } from "@micro/codec";
import { componentNamed, definePlugin, option } from "@micro/core";
import { isTlsOptions } from "@micro/grpc/internal";
import { logger } from "@micro/logger";
import { registry } from "@micro/registry";
import { createServer, type Server, server } from "@micro/server";
import { byPath } from "./built-in.ts";
import { deriveRoutes } from "./derived-routes.ts";
import { GrpcListener } from "./grpc-listener.ts";
import { Receiver } from "./receiver.ts";
import { ReplyWriter } from "./reply-writer.ts";
import { standardServices } from "./standard-services.ts";
import { readServerTls, tlsSection } from "./tls-options.ts";

/** A gRPC server: standard clients and Go Micro's gRPC client call the handlers of a service (spec 2.1 to 2.3). */
export const grpcServer = definePlugin(server, {
  name: "grpc",
  config: {
    maxReceiveMessageSize: option.size({
      description: "Largest request, also after decompression",
      default: "4MiB",
    }),
    maxSendMessageSize: option.size({ description: "Largest reply, before compression", default: "4MiB" }),
    maxMetadataSize: option.size({ description: "Largest metadata of one call", default: "16KiB" }),
    maxConnections: option.integer({ description: "Most connections", default: 10_000, min: 1 }),
    maxStreams: option.integer({
      description: "Most calls and streams that run at once on one connection",
      default: 1000,
      min: 1,
    }),
    compression: option.choice(["identity", "gzip"], {
      description: "How replies are written to clients that can read it",
      default: "identity",
    }),
    keepaliveTime: option.duration({
      description: "Pause between pings to a client",
      default: "8s",
    }),
    keepaliveTimeout: option.duration({
      description: "A client that does not answer a ping for this time is gone",
      default: "5s",
    }),
    health: option.boolean({
      description: "Answer the standard health service, grpc.health.v1",
      default: true,
    }),
    reflection: option.boolean({
      description: "Answer server reflection, v1 and v1alpha: whoever can call may then see what there is",
      default: true,
    }),
    handshakeTimeout: option.duration({ description: "Longest TLS handshake", default: "5s" }),
    tls: tlsSection,
    tlsOptions: option.value<TlsOptions>(isTlsOptions, {
      description: "Options of Node's TLS, from code only; they win over `tls`",
      expects: "TlsOptions",
    }),
  },
  needs: [codec, logger, registry],
  ignores: { transport: "gRPC brings its own, HTTP/2" },
  // By its name: a service that neither publishes nor subscribes need not install the broker component.
  optional: [componentNamed<typeof broker>("broker")],
  create: async ({ config, deps, scope }): Promise<Server> => {
    const service = config.name ?? scope.name;
    const settings = await readServerTls(config.tls, config.tlsOptions);
    const writer = new ReplyWriter({
      service,
      maxBytes: config.maxSendMessageSize,
      gzip: config.compression === "gzip",
    });
    const made: Server = createServer({
      scope,
      config,
      registry: deps.registry,
      broker: deps.broker,
      codecs: deps.codec,
      logger: deps.logger,
      wire: {
        protocol: "grpc",
        transport: "grpc",
        metadata: {},
        listen: (address, { dispatcher }) => {
          const { codec: codecs, logger } = deps;
          const derived = deriveRoutes(dispatcher.routes, { service, codecs, logger });
          const services = standardServices(config, {
            service,
            dispatcher,
            derived: derived.contracts,
            state: () => made.health.state,
          });
          const receiver = new Receiver({
            service,
            dispatcher,
            codecs,
            derived: derived.codecs,
            writer,
            maxMetadataBytes: config.maxMetadataSize,
            builtIns: byPath(services),
            logger,
          });
          const listener = new GrpcListener({
            onCall: (call) => receiver.receive(call),
            onClosing: () => {
              for (const standard of services) standard.close?.();
            },
            tls: settings,
            maxConnections: config.maxConnections,
            maxStreams: config.maxStreams,
            maxReceiveBytes: config.maxReceiveMessageSize,
            keepaliveTimeMs: config.keepaliveTime,
            keepaliveTimeoutMs: config.keepaliveTimeout,
            handshakeTimeoutMs: config.handshakeTimeout,
            logger,
          });
          return listener.listen(address);
        },
      },
    });
    return made;
  },
});
