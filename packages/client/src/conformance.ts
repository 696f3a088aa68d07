import type { ConformanceCase } from "@micro/core/conformance";
import { besideCases } from "./conformance-beside.ts";
import { callCases } from "./conformance-calls.ts";
import { middlewareCases } from "./conformance-middleware.ts";
import { streamCases } from "./conformance-streams.ts";
import type { ClientHarness } from "./conformance-world.ts";

export { type ClientWorldParts, clientHarness } from "./conformance-harness.ts";
export type { ClientHarness, ClientWorld, ClientWorldNode, ClientWorldOptions } from "./conformance-world.ts";

/** The promises of {@link Client}, to be run by every implementation against servers that speak its wire. */
export function clientConformance(harness: ClientHarness): readonly ConformanceCase[] {
  return [
    ...callCases(harness),
    ...streamCases(harness),
    ...besideCases(harness),
    ...middlewareCases(harness),
  ];
}
