import type { ConformanceCase } from "@micro/core/conformance";
import { instanceCases } from "./conformance-instances.ts";
import { nodeCases } from "./conformance-nodes.ts";
import { registrationCases } from "./conformance-registrations.ts";
import { ttlCases } from "./conformance-ttl.ts";
import { watchCases } from "./conformance-watch.ts";
import type { RegistryHarness } from "./conformance-world.ts";

export type { RegistryHarness } from "./conformance-world.ts";

/** The promises of {@link RegistryBackend}, for the tests of a plugin. */
export function registryConformance(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    ...nodeCases(harness),
    ...registrationCases(harness),
    ...instanceCases(harness),
    ...((harness.ttl ?? true) ? ttlCases(harness) : []),
    ...watchCases(harness),
  ];
}
