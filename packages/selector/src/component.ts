import { defineComponent, option } from "@micro/core";
import type { Selector } from "./selector.ts";

/** The selector component: load balancing. */
export const selector = defineComponent<Selector>()({
  name: "selector",
  description: "Which node gets a call",
  config: {
    preferLocal: option.boolean({
      description: "Calls to a service of this process stay inside it",
      default: true,
    }),
    ejectAfter: option.integer({
      description: "Failures in a row after which a node is left out",
      default: 3,
      min: 1,
    }),
    ejectTime: option.duration({
      description: "First time a failing node is left out; doubles up to ten times that",
      default: "1s",
    }),
    panicThreshold: option.number({
      description: "Share of nodes left below which ejection is ignored, 0 to 1",
      default: 0.5,
      min: 0,
      max: 1,
    }),
  },
  defaultPlugin: "random",
});
