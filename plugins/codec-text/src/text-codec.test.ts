import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textCodec } from "./index.ts";

const codec = messageCodec(await instantiate(textCodec));

describe("conformance", () => {
  const cases = codecConformance({
    codec,
    samples: ["hello", "grüße 😀", "", "\uFEFFkeeps a mark", "x".repeat(100_000)],
    invalid: [Buffer.from([0xff]), Buffer.from([0x61, 0xc3])],
    unencodable: [{}, null, 1, ["a"]],
    empty: "",
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

test("says which byte is not UTF-8", () => {
  expect(() => codec.decode(Buffer.from([0x61, 0xc3, 0xbc, 0xe2, 0x82]))).toThrow(
    "text/plain body: byte 3 of 5 is not UTF-8",
  );
});

test("bytes that are a text already go out as they are", () => {
  const bytes = Buffer.from("hi");
  expect(codec.encode(bytes)).toBe(bytes);
});

test("any well-formed text comes back equal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(codec.decode(codec.encode(text))).toBe(text);
    }),
  );
});
