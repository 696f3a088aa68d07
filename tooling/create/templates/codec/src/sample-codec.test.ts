import { deepEqual } from "node:assert/strict";
import { describe, test } from "node:test";
import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { createService, defineService } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { sampleCodec } from "./index.ts";

const codec = messageCodec(await instantiate(sampleCodec));

describe("conformance", () => {
  const cases = codecConformance({
    codec,
    // Values that must come back equal, bodies that are none, values that cannot be carried: those of your format.
    samples: ["hello", "grüße 😀", "", "x".repeat(100_000)],
    invalid: [Buffer.from([0xff]), Buffer.from([0x61, 0xc3])],
    unencodable: [{}, null, 1],
    empty: "",
  });
  for (const { name, run } of cases) test(name, run);
});

test("a service finds it by its content type", async () => {
  const plugins = [sampleCodec] as const;
  const service = await createService(defineService({ name: "demo" }), { plugins, configFile: false });
  const found = service.codec.get("application/x-sample");
  deepEqual(found.decode(found.encode("hello")), "hello");
  await service.stop();
});
