import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { bytesCodec } from "./index.ts";

const codec = messageCodec(await instantiate(bytesCodec));

describe("conformance", () => {
  const cases = codecConformance({
    codec,
    samples: [new Uint8Array([0, 255, 10]), new Uint8Array(100_000).fill(7), new Uint8Array(0)],
    invalid: [],
    unencodable: ["text", {}, null, 1, [1, 2]],
    empty: new Uint8Array(0),
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

test("neither direction copies", () => {
  const bytes = new Uint8Array([1, 2]);
  expect(codec.encode(bytes)).toBe(bytes);
  expect(codec.decode(bytes)).toBe(bytes);
  const fromNetwork = Buffer.from([0, 1, 2]).subarray(1);
  const decoded = codec.decode(fromNetwork) as Uint8Array;
  expect(Buffer.isBuffer(decoded)).toBe(false);
  expect([decoded.buffer, decoded.byteOffset, decoded.length]).toEqual([
    fromNetwork.buffer,
    fromNetwork.byteOffset,
    2,
  ]);
});

test("the error names what was given and what to do", () => {
  expect(() => codec.encode(new Map())).toThrow(
    "application/octet-stream carries bytes only, not a value of class Map: give a Uint8Array or choose another content type",
  );
});
