import type { ConformanceCase } from "@micro/core/conformance";
import { deliveryCases } from "./conformance-delivery.ts";
import { lifeCases } from "./conformance-life.ts";
import type { BrokerHarness } from "./conformance-world.ts";

export type { BrokerHarness, FullBroker } from "./conformance-world.ts";

/** The promises of `Broker`, for the tests of a plugin. */
export function brokerConformance(harness: BrokerHarness): readonly ConformanceCase[] {
  return [...deliveryCases(harness), ...lifeCases(harness)];
}
