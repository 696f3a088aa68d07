import { describe, test } from "node:test";
import { instantiate } from "@micro/core/conformance";
import { registryConformance } from "@micro/registry/conformance";
import { sampleRegistry } from "./index.ts";

describe("conformance", () => {
  // Start a real server here, and give each instance its address.
  const create = () => instantiate(sampleRegistry);
  for (const { name, run } of registryConformance({ create, convergenceMs: 1000 })) test(name, run);
});
