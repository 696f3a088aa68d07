import { instantiate } from "@micro/core/conformance";
import { describe, test } from "vitest";
import { selectorConformance } from "./conformance.ts";
import { leastPendingSelector, randomSelector, roundRobinSelector } from "./index.ts";

describe.each([randomSelector, roundRobinSelector, leastPendingSelector])("$name", (plugin) => {
  for (const c of selectorConformance({
    create: (registry, config) => instantiate(plugin, { config, deps: { registry } }),
  })) {
    test(c.name, () => c.run());
  }
});
