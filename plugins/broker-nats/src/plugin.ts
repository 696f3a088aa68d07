import { broker, DeliveryReport, deliveryOptions } from "@micro/broker";
import { definePlugin } from "@micro/core";
import { logger } from "@micro/logger";
import { natsOptions, sharedLink } from "@micro/nats";
import { NatsBroker } from "./nats-broker.ts";

/** Publish and subscribe over NATS, with the messages of Go Micro (spec 5.5). Delivery is at most once. */
export const natsBroker = definePlugin(broker, {
  name: "nats",
  config: { ...deliveryOptions, ...natsOptions },
  needs: [logger],
  create: async ({ config, deps, scope }) => {
    const { addresses, maxMessageSize, concurrency, queueSize, queueBytes } = config;
    const link = await sharedLink({ scope, addresses, config, section: "broker" });
    const report = new DeliveryReport({ ...config, logger: deps.logger });
    const limits = { concurrency, queueSize, queueBytes };
    return new NatsBroker({ link, report, limits, maxBytes: maxMessageSize });
  },
});
