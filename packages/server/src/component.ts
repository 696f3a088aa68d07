import { defineComponent, option } from "@micro/core";
import type { Server } from "./server.ts";

/** The server component: handlers for others. */
export const server = defineComponent<Server>()({
  name: "server",
  description: "Endpoints for others",
  config: {
    address: option.string({ description: "host:port to listen on; port 0 takes a free one", default: ":0" }),
    advertise: option.string({ description: "host:port that is registered instead of the bound one" }),
    id: option.string({
      description: "Server id; the node id is '<service>-<id>'. A random UUID when not set",
    }),
    name: option.string({ description: "Service name, instead of the definition's" }),
    version: option.string({ description: "Service version, instead of the definition's" }),
    metadata: option.map({ description: "Metadata of the node in the registry", default: {} }),
    registerTtl: option.duration({
      description: "The registry forgets the node after this time",
      unit: "s",
      default: 90,
    }),
    registerInterval: option.duration({
      description: "The node is registered again after this time",
      unit: "s",
      default: 30,
    }),
    drainDelay: option.duration({
      description: "Time between leaving the registry and refusing new calls",
      default: "0s",
    }),
    maxConcurrent: option.integer({
      description: "Calls and streams that run at once; more are refused",
      default: 10_000,
      min: 1,
    }),
  },
  defaultPlugin: "rpc",
  phase: "edge",
});
