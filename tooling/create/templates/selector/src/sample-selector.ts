import { definePlugin } from "@micro/core";
import { registry } from "@micro/registry";
import { createSelector, type Strategy, selector } from "@micro/selector";

/**
 * Chooses one of the candidates: returns its index. Replace it by your rule. All candidates fit the request, nodes that
 * fail are left out already, and it is called for every request: it should not look at all of thousands of them.
 */
const sampleStrategy: Strategy = (candidates, { random }) => Math.floor(random() * candidates.length);

/** The `sample` selector: filters, sticky keys, ejection and probing are those of every selector. */
export const sampleSelector = definePlugin(selector, {
  name: "sample",
  needs: [registry],
  create: ({ config, deps }) => createSelector({ registry: deps.registry, config, strategy: sampleStrategy }),
});
