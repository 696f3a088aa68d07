import type { ConformanceCase } from "@micro/core/conformance";
import { callCases } from "./conformance-calls.ts";
import { lifecycleCases } from "./conformance-lifecycle.ts";
import { limitCases } from "./conformance-limits.ts";
import { streamCases } from "./conformance-streams.ts";
import type { TransportHarness } from "./conformance-world.ts";

export type { SilentPeer, TransportHarness } from "./conformance-world.ts";

/** The promises of {@link Transport}, to be run by every implementation against its real technology. */
export function transportConformance(harness: TransportHarness): readonly ConformanceCase[] {
  return [...callCases(harness), ...streamCases(harness), ...limitCases(harness), ...lifecycleCases(harness)];
}
