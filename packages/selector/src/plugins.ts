import { definePlugin } from "@micro/core";
import { registry } from "@micro/registry";
import { selector } from "./component.ts";
import { createSelector } from "./create-selector.ts";
import { leastPending, random, roundRobin } from "./strategy.ts";

/** The `random` selector, the default: any node that fits. */
export const randomSelector = definePlugin(selector, {
  name: "random",
  needs: [registry],
  create: ({ config, deps }) => createSelector({ registry: deps.registry, config, strategy: random }),
});

/** The `roundrobin` selector: one node after the other. */
export const roundRobinSelector = definePlugin(selector, {
  name: "roundrobin",
  needs: [registry],
  create: ({ config, deps }) => createSelector({ registry: deps.registry, config, strategy: roundRobin }),
});

/** The `leastpending` selector: of two nodes at random the one with fewer running calls of this client. */
export const leastPendingSelector = definePlugin(selector, {
  name: "leastpending",
  needs: [registry],
  create: ({ config, deps }) => createSelector({ registry: deps.registry, config, strategy: leastPending }),
});
