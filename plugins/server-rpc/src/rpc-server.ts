import type { broker } from "@micro/broker";
import { codec } from "@micro/codec";
import { componentNamed, definePlugin } from "@micro/core";
import { logger } from "@micro/logger";
import { registry } from "@micro/registry";
import { createServer, type Server, server } from "@micro/server";
import { transport } from "@micro/transport";
import { rpcWire } from "./rpc-wire.ts";

/** Go Micro's rpc server (`mucp`): handlers, streams and subscribers over any transport. */
export const rpcServer = definePlugin(server, {
  name: "rpc",
  aliases: ["mucp"],
  needs: [codec, logger, registry, transport],
  // By its name: a service that neither publishes nor subscribes need not install the broker component.
  optional: [componentNamed<typeof broker>("broker")],
  create: ({ config, deps, scope }): Server => {
    const created: Server = createServer({
      scope,
      config,
      registry: deps.registry,
      broker: deps.broker,
      codecs: deps.codec,
      logger: deps.logger,
      wire: rpcWire({
        service: config.name ?? scope.name,
        transport: deps.transport,
        codecs: deps.codec,
        logger: deps.logger,
        state: () => created.health.state,
      }),
    });
    return created;
  },
});
