import type { ConformanceCase } from "@micro/core/conformance";
import { besideCases } from "./conformance-beside.ts";
import { callCases } from "./conformance-calls.ts";
import { lifeCases } from "./conformance-life.ts";
import type { ServerHarness } from "./conformance-world.ts";

export { type ServerHarnessOptions, type ServerWorldParts, serverHarness } from "./conformance-harness.ts";
export type { ServerHarness, ServerWorld, ServerWorldCall, ServerWorldOptions } from "./conformance-world.ts";

/** The promises of {@link Server}, to be run by every implementation with a client that speaks its wire. */
export function serverConformance(harness: ServerHarness): readonly ConformanceCase[] {
  return [...callCases(harness), ...besideCases(harness), ...lifeCases(harness)];
}
