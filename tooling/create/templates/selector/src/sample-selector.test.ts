import { describe, test } from "node:test";
import { instantiate } from "@micro/core/conformance";
import { selectorConformance } from "@micro/selector/conformance";
import { sampleSelector } from "./index.ts";

describe("conformance", () => {
  const cases = selectorConformance({
    create: (registry, config) => instantiate(sampleSelector, { config, deps: { registry } }),
  });
  for (const { name, run } of cases) test(name, run);
});
