import { defineComponent, option } from "@micro/core";
import type { Client } from "./client.ts";

/** The client component: calls services and publishes. */
export const client = defineComponent<Client>()({
  name: "client",
  description: "Calls to services",
  config: {
    contentType: option.string({
      description:
        "Content type of requests and messages; unset it is application/json, over gRPC application/protobuf for methods of message types",
    }),
    poolSize: option.integer({ description: "Idle connections kept per node", default: 1, min: 0 }),
    poolTtl: option.duration({ description: "Longest life of a pooled connection", default: "1m" }),
    poolRequestTimeout: option.duration({
      description: "Longest time of a call, all attempts included",
      default: "5s",
      flag: "request_timeout",
    }),
    poolRetries: option.integer({
      description: "Attempts after the first",
      default: 1,
      min: 0,
      max: 100,
      flag: "retries",
    }),
    retryBurst: option.integer({
      description: "Attempts after the first that may come at once; every ten calls earn one more",
      default: 200,
      min: 0,
    }),
  },
  defaultPlugin: "rpc",
});
