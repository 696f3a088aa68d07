import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "node:test";
import { createService, defineService } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { sampleConformance } from "./conformance.ts";
import { memorySample } from "./index.ts";

describe("conformance of memory", () => {
  const create = (config: { readonly maxValueSize: number }) => instantiate(memorySample, { config });
  for (const { name, run } of sampleConformance({ create })) test(name, run);
});

test("a service has it under its name, with its options", async () => {
  const service = await createService(defineService({ name: "demo" }), {
    plugins: [memorySample],
    sample: { maxValueSize: "2KiB" },
    configFile: false,
  });
  await service.start();
  equal(service.sample.name, "memory");
  await service.sample.put("answer", Uint8Array.of(42));
  deepEqual([...((await service.sample.get("answer")) ?? [])], [42]);
  await service.stop();
});
