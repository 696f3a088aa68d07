import type { ConformanceCase } from "@micro/core/conformance";
import { applicationCases } from "./conformance-application.ts";
import { problemCases } from "./conformance-problems.ts";
import { processCases } from "./conformance-process.ts";
import type { CliHarness } from "./conformance-reading.ts";
import { scopeCases } from "./conformance-scope.ts";
import { valueCases } from "./conformance-values.ts";

export type { ConformanceCase } from "@micro/core/conformance";
export type { CliConfig, CliHarness } from "./conformance-reading.ts";

/** The promises of a {@link Cli}; run every case with any test runner. */
export function cliConformance(harness: CliHarness): readonly ConformanceCase[] {
  return [
    ...valueCases(harness),
    ...problemCases(harness),
    ...scopeCases(harness),
    ...applicationCases(harness),
    ...processCases(harness),
  ];
}
