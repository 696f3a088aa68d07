import { codecConformance, messageCodec } from "@micro/codec/conformance";
import type { MicroError } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import * as reference from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { msgpackCodec } from "./index.ts";

const codec = messageCodec(await instantiate(msgpackCodec));
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x91), hex("c0")]);

describe("conformance", () => {
  const cases = codecConformance({
    codec,
    samples: [
      { name: "Ada", tags: ["a", "b"], nested: { deep: [null, true, false] } },
      [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER],
      [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER],
      [1.5, -0, Number.NaN, Infinity, 1e300],
      [2n ** 64n - 1n, -(2n ** 63n), 2n ** 53n],
      new Uint8Array([0, 255]),
      { bytes: new Uint8Array(300).fill(7) },
      [new Date(0), new Date(1), new Date(-1), new Date(2 ** 34 * 1000), new Date(8.64e15)],
      ["", "x".repeat(31), "x".repeat(32), "ü".repeat(15), "ü".repeat(16), "ü".repeat(200), "a😀b"],
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, index])),
      "text",
      null,
    ],
    invalid: [
      "c1",
      "d9",
      "d905 61",
      "a5 61",
      "92 c0",
      "81 a161",
      "c0 c0", // more than one value
      "a1 ff", // no UTF-8
      "81 01 c0", // a key that is no text
      "81 c0 c0",
      "81 c40161 c0",
      "81 a9 5f5f70726f746f5f5f 80", // __proto__
      "81 ab 636f6e7374727563746f72 81 a9 70726f746f74797065 80", // constructor.prototype
      "d4 05 00", // an extension
      "d5 ff 0000", // a time of two bytes
      "d7 ff ffffffffffffffff", // 1073741823 nanoseconds
      "c7 0c ff 00000000 7fffffffffffffff", // later than any Date
    ].map(hex),
    unencodable: [
      () => 1,
      Symbol("s"),
      { deep: [() => 1] },
      2n ** 64n,
      new Map([[1, 2]]),
      new Date(Number.NaN),
    ],
    nested,
    oversized: () => new Uint8Array(64 * 1024 * 1024 + 1),
    announcing: [
      "dd ffffffff",
      "df ffffffff",
      "db ffffffff 61",
      "c6 ffffffff 61",
      "c9 ffffffff ff",
      "dc ffff 00",
      "df 7fffffff a161",
      "dd 01ffffff".repeat(400),
    ].map(hex),
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

test("the fewest bytes, for numbers and bigint alike", () => {
  const bytes = (value: unknown) => Buffer.from(codec.encode(value)).toString("hex");
  expect([bytes(5), bytes(5n), bytes(-5), bytes(300), bytes(-(2n ** 40n))]).toEqual([
    "05",
    "05",
    "fb",
    "cd012c",
    "d3ffffff0000000000",
  ]);
  expect(bytes({ a: undefined, b: [undefined] })).toBe("81a16291c0");
  expect(bytes(undefined)).toBe("80");
});

test("whole numbers are numbers where that is exact, and bigint beyond", () => {
  expect(codec.decode(hex("cf 0000000000000005"))).toBe(5);
  expect(codec.decode(hex("d3 ffffffffffffffff"))).toBe(-1);
  expect(codec.decode(hex("cf 0020000000000000"))).toBe(2n ** 53n);
});

test("what is too large for the short forms", () => {
  const value = {
    text: "😀".repeat(20_000),
    bytes: new Uint8Array(70_000).fill(7),
    list: Array.from({ length: 70_000 }, (_, index) => index),
    map: Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
  };
  expect(codec.decode(codec.encode(value))).toEqual(value);
  expect(reference.decode(codec.encode(value))).toEqual(value);
});

test("what JSON makes lists and objects of becomes lists and objects here", () => {
  const value = {
    map: new Map([["a", 1]]),
    set: new Set([1]),
    floats: new Float32Array([1.5]),
    own: { toJSON: () => "own" },
    buffer: new Uint8Array([1]).buffer,
  };
  expect(codec.decode(codec.encode(value))).toEqual({
    map: { a: 1 },
    set: [1],
    floats: [1.5],
    own: "own",
    buffer: new Uint8Array([1]),
  });
});

test("bytes that were read are the reader's own", () => {
  const body = Buffer.from(codec.encode({ bytes: new Uint8Array([1, 2]) }));
  const { bytes } = codec.decode(body) as { bytes: Uint8Array };
  expect(Buffer.isBuffer(bytes)).toBe(false);
  body.fill(0);
  expect(bytes).toEqual(new Uint8Array([1, 2]));
});

test("a circle and what is too deep are named", async () => {
  const circle: unknown[] = [];
  circle.push(circle);
  expect(() => codec.encode(circle)).toThrow("break the circle");
  const shallow = messageCodec(
    await instantiate(msgpackCodec, { config: { msgpackMaxDepth: 2, msgpackMaxSize: "8B" } }),
  );
  expect(shallow.decode(hex("9191c0"))).toEqual([[null]]);
  expect(() => shallow.decode(nested(3))).toThrow("deeper than 2 at byte 3; raise codec.msgpack_max_depth");
  expect(() => shallow.decode(Buffer.alloc(9))).toThrow(
    "9 bytes are more than 8; raise codec.msgpack_max_size",
  );
  const deepest = messageCodec(await instantiate(msgpackCodec, { config: { msgpackMaxDepth: 2000 } }));
  expect(deepest.encode(deepest.decode(nested(2000)))).toHaveLength(2001);
});

describe("as another library writes and reads it", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.date({ noInvalidDate: true, min: new Date(-1e14), max: new Date(1e14) }),
  );
  const key = fc.string().filter((text) => text !== "__proto__" && text !== "constructor");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("tree")), fc.dictionary(key, tie("tree"))),
  }));

  test("what we write", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(reference.decode(codec.encode(value))).toEqual(value);
      }),
    );
  });

  test("what we read", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(codec.decode(reference.encode(value))).toEqual(value);
      }),
    );
  });

  test("any bytes: where we read a value, so does it, and the same", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        let ours: unknown;
        try {
          ours = codec.decode(bytes);
        } catch (error) {
          expect((error as MicroError).code).toBe("BAD_REQUEST");
          return;
        }
        expect(plain(reference.decode(bytes, { useBigInt64: true }))).toEqual(plain(ours));
      }),
      { numRuns: 5000 },
    );
  });
});

/** Numbers of both kinds as the same. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Date)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
