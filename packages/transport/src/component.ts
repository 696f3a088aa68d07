import { defineComponent, option } from "@micro/core";
import type { Transport } from "./transport.ts";

/** The transport component: sessions that carry messages. */
export const transport = defineComponent<Transport>()({
  name: "transport",
  description: "Connections between services",
  config: {
    addresses: option.list({
      description: "Addresses of the transport's servers, where it has some",
      flag: "address",
      default: [],
    }),
    dialTimeout: option.duration({ description: "Longest time to connect", default: "5s" }),
    maxMessageSize: option.size({ description: "Largest body of one message, both ways", default: "4MiB" }),
  },
  defaultPlugin: "http",
});
