import { deepEqual, equal, rejects } from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import type { Sample } from "./sample.ts";

/** What the suite needs of a plugin. */
export interface SampleHarness {
  /** A new instance with a `max_value_size` of this many bytes; the suite starts and stops it. */
  readonly create: (options: { readonly maxValueSize: number }) => Promise<Sample>;
}

const MAX_VALUE_SIZE = 1024;

/** The promises of {@link Sample}; run every case with any test runner. */
export function sampleConformance(harness: SampleHarness): readonly ConformanceCase[] {
  const promise = (name: string, run: (instance: Sample) => Promise<void>): ConformanceCase => ({
    name,
    run: async () => {
      const instance = await harness.create({ maxValueSize: MAX_VALUE_SIZE });
      await instance.start?.({ signal: AbortSignal.timeout(5000) });
      try {
        await run(instance);
      } finally {
        await instance.stop?.({ graceMs: 1000 });
      }
    },
  });
  return [
    promise("gives back what was put, and the last of several", async (instance) => {
      await instance.put("key", Uint8Array.of(1));
      await instance.put("key", Uint8Array.of(2, 3));
      deepEqual([...((await instance.get("key")) ?? [])], [2, 3]);
    }),
    promise("knows nothing of what was never put", async (instance) => {
      equal(await instance.get("nobody"), undefined);
    }),
    promise("keeps a copy: later changes of the caller's bytes change nothing", async (instance) => {
      const value = Uint8Array.of(1);
      await instance.put("key", value);
      value[0] = 9;
      deepEqual([...((await instance.get("key")) ?? [])], [1]);
    }),
    promise("refuses a value beyond max_value_size and keeps the one before", async (instance) => {
      await instance.put("key", Uint8Array.of(1));
      await rejects(instance.put("key", new Uint8Array(MAX_VALUE_SIZE + 1)), { code: "RESOURCE_EXHAUSTED" });
      deepEqual([...((await instance.get("key")) ?? [])], [1]);
    }),
  ];
}
