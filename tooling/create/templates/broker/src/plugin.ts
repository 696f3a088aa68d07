import { broker, DeliveryReport, deliveryOptions } from "@micro/broker";
import { definePlugin } from "@micro/core";
import { logger } from "@micro/logger";
import { SampleBroker } from "./sample-broker.ts";
import { SampleClient } from "./sample-client.ts";

/** Services of this process hear each other, until there is a real server. */
const client = new SampleClient();

/** The `sample` broker: publish and subscribe, at most once. */
export const sampleBroker = definePlugin(broker, {
  name: "sample",
  // Options of this plugin come beside these: `keepAlive: option.duration({ description, default: "30s" })`.
  config: { ...deliveryOptions },
  needs: [logger],
  create: ({ config, deps }) => {
    const { concurrency, queueSize, queueBytes, maxMessageSize } = config;
    const report = new DeliveryReport({ ...config, logger: deps.logger });
    const limits = { concurrency, queueSize, queueBytes };
    return new SampleBroker({ client, report, limits, maxBytes: maxMessageSize });
  },
});
