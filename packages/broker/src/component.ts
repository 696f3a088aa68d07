import { defineComponent, option } from "@micro/core";
import type { Broker } from "./broker.ts";

/** The broker component: publish and subscribe. */
export const broker = defineComponent<Broker>()({
  name: "broker",
  description: "Publish and subscribe",
  config: {
    addresses: option.list({
      description: "Addresses of the broker's servers, or to listen on",
      flag: "address",
      default: [],
    }),
  },
  defaultPlugin: "http",
});
