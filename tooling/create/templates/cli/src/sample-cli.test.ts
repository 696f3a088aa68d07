import { describe, test } from "node:test";
import { cliConformance } from "@micro/cli/conformance";
import { instantiate } from "@micro/core/conformance";
import { sampleCli } from "./index.ts";

describe("conformance", () => {
  const cases = cliConformance({ create: (config) => instantiate(sampleCli, { config }) });
  for (const { name, run } of cases) test(name, run);
});
