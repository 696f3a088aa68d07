import type { broker } from "@micro/broker";
import { type Client, client, createClient } from "@micro/client";
import { codec } from "@micro/codec";
import { componentNamed, definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { selector } from "@micro/selector";
import { SessionPool, transport } from "@micro/transport";
import { RpcWire } from "./rpc-wire.ts";

/** Go Micro's rpc client (`mucp`): calls and streams over any transport, publishing over any broker. */
export const rpcClient = definePlugin(client, {
  name: "rpc",
  aliases: ["mucp"],
  config: {
    maxConnections: option.integer({
      description:
        "Connections to one node, of which one that multiplexes needs one; unset it is 256, or pool_size where that is more",
      min: 1,
    }),
    maxWaiting: option.integer({
      description: "Calls to one node that wait for a connection",
      default: 10_000,
      min: 1,
    }),
  },
  needs: [codec, logger, selector, transport],
  // By its name: a service that neither publishes nor subscribes need not install the broker component.
  optional: [componentNamed<typeof broker>("broker")],
  create: ({ config, deps, scope }): Client => {
    const pool = new SessionPool({
      transport: deps.transport,
      poolSize: config.poolSize,
      poolTtl: config.poolTtl,
      maxConnections: config.maxConnections ?? Math.max(256, config.poolSize),
      maxWaiting: config.maxWaiting,
    });
    return createClient({
      scope,
      config,
      selector: deps.selector,
      codecs: deps.codec,
      broker: deps.broker,
      logger: deps.logger,
      wire: new RpcWire({ codecs: deps.codec, pool }),
    });
  },
});
