import { codecConformance, messageCodec } from "@micro/codec/conformance";
import type { MicroError } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { msgpackCodec } from "./index.ts";
import { binariesIn } from "./structure.ts";

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
      [1.5, Number.NaN, Infinity, 1e300],
      [2n ** 64n - 1n, -(2n ** 63n), 2n ** 53n],
      new Uint8Array([0, 255]),
      { bytes: new Uint8Array(300).fill(7) },
      [new Date(0), new Date(1), new Date(-1), new Date(2 ** 34 * 1000), new Date(8.64e15)],
      [
        "",
        "x".repeat(31),
        "x".repeat(32),
        "ü".repeat(15),
        "ü".repeat(16),
        "ü".repeat(200),
        "a😀b",
        "\uFEFF".repeat(100),
        "\uFFFD",
      ],
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
      "81 a1 ff c0",
      `d9 ff ${"61".repeat(254)} ff`,
      "81 01 c0", // a key that is no text
      "81 c0 c0",
      "81 c40161 c0",
      "81 a9 5f5f70726f746f5f5f 80", // __proto__
      "81 ab 636f6e7374727563746f72 81 a9 70726f746f74797065 80", // constructor.prototype
      "81 d6 ff 00000000 c0", // a time as a key
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

test("the forms of MessagePack, byte by byte", () => {
  const forms: readonly (readonly [value: unknown, bytes: string])[] = [
    [{ a: [true, false, null] }, "81a16193c3c2c0"],
    [1.5, "cb3ff8000000000000"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [-(2 ** 31), "d280000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [new Uint8Array([1]), "c40101"],
    [new Date(1000), "d6ff00000001"],
    [new Date(1), "d7ff003d090000000000"],
    [new Date(-1), "c70cff3b8b87c0ffffffffffffffff"],
  ];
  for (const [value, bytes] of forms) {
    expect(Buffer.from(codec.encode(value)).toString("hex")).toBe(bytes);
    expect(codec.decode(hex(bytes))).toEqual(value);
  }
});

test("texts that are no Unicode are repaired, as every text encoder does", () => {
  expect(codec.decode(codec.encode({ "\uD800": "\uDC00" }))).toEqual({ "\uFFFD": "\uFFFD" });
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

test("bytes and texts are told apart, empty ones too", () => {
  const value = [new Uint8Array(), "", new Uint8Array([0x61]), "a", { "": new Uint8Array() }];
  expect(codec.decode(codec.encode(value))).toEqual(value);
});

test("lists that announce the rest of the body, inside each other, are refused before they take memory", () => {
  // Each announces less than the body has bytes, all together far more.
  const length = 2_000_000;
  const body = Buffer.alloc(length, 0xc0);
  for (let level = 0; level < 400; level++) {
    body[level * 5] = 0xdd;
    body.writeUInt32BE(length / 2, level * 5 + 1);
  }
  const before = process.memoryUsage().rss;
  expect(() => codec.decode(body)).toThrow("values are announced at byte 10, and 1999990 bytes left");
  expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
});

test("a body may be full of empty binaries, and finding them takes an eighth of it", () => {
  const count = 2 ** 24 + 1;
  const body = Buffer.alloc(5 + count * 2);
  for (let at = 5; at < body.length; at += 2) body[at] = 0xc4;
  body[0] = 0xdd;
  body.writeUInt32BE(count, 1);
  const before = process.memoryUsage().rss;
  const binaries = binariesIn(body, 10);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  expect([5, 6, 7, body.length - 1, body.length].map((at) => binaries.has(at))).toEqual([
    false,
    false,
    true,
    false,
    true,
  ]);
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

describe("any input", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    // Zero has no sign here, as in JSON.
    fc.double().map((value) => (value === 0 ? 0 : value)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.date({ noInvalidDate: true }),
  );
  const key = fc.string().filter((text) => text !== "__proto__" && text !== "constructor");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("tree")), fc.dictionary(key, tie("tree"))),
  }));

  test("every value comes back", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
    );
  });

  test("any bytes are a value that can be sent on, or BAD_REQUEST", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        let value: unknown;
        try {
          value = codec.decode(bytes);
        } catch (error) {
          expect((error as MicroError).code).toBe("BAD_REQUEST");
          return;
        }
        const sent = codec.encode(value);
        expect(codec.encode(codec.decode(sent))).toEqual(sent);
      }),
      { numRuns: 5000 },
    );
  });
});
