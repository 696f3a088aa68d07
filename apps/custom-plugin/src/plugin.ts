import { broker, DeliveryReport, deliveryOptions } from "@micro/broker";
import { definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { MqttBroker } from "./mqtt-broker.ts";
import { MqttLink } from "./mqtt-link.ts";

/** The `mqtt` broker: publish and subscribe over an MQTT 5 server, at most once. */
export const mqttBroker = definePlugin(broker, {
  name: "mqtt",
  config: {
    ...deliveryOptions,
    username: option.string({ description: "Name at the MQTT server" }),
    password: option.string({ description: "Password at the MQTT server", secret: true }),
    keepAlive: option.duration({
      description: "Longest silence before the connection is tried",
      default: "15s",
    }),
    connectTimeout: option.duration({ description: "Longest time to connect", default: "5s" }),
  },
  needs: [logger],
  create: ({ config, deps }) => {
    const { concurrency, queueSize, queueBytes, maxMessageSize, addresses } = config;
    const link = new MqttLink({
      url: addresses[0] ?? "mqtt://127.0.0.1:1883",
      username: config.username,
      password: config.password,
      keepAliveMs: config.keepAlive,
      connectTimeoutMs: config.connectTimeout,
      logger: deps.logger,
    });
    const report = new DeliveryReport({ ...config, logger: deps.logger });
    const limits = { concurrency, queueSize, queueBytes };
    return new MqttBroker({ link, report, limits, maxBytes: maxMessageSize });
  },
});
