import { messageCodec } from "@micro/codec/conformance";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { defineContract, MicroError, unary } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { type AnyMessageType, isMessageType } from "@micro/core/message";
import { deriveContracts } from "@micro/core/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { type AbsentValues, fromPlain, toPlain } from "../src/plain-values.ts";

const binary = messageCodec(await instantiate(protobufCodec));
const json = messageCodec(await instantiate(jsonCodec));
const plain = (value: unknown): unknown => JSON.parse(Buffer.from(json.encode(value)).toString());

function derive(schema: z.ZodType): { readonly type: AnyMessageType; readonly absent: AbsentValues } {
  const method = unary({ input: schema, output: z.object({ ok: z.boolean() }) });
  const contract = defineContract({ name: "Lab", service: "lab", methods: { call: method } });
  const { contracts, whenAbsent } = deriveContracts("lab", [contract]);
  const type = contracts.get(contract)?.methods.call?.input;
  if (!isMessageType(type)) throw new Error("no message type");
  return { type, absent: whenAbsent };
}

/** A schema with values that it takes. */
interface Sample {
  readonly schema: z.ZodType;
  readonly value: fc.Arbitrary<unknown>;
}

const text = fc.string({ unit: "grapheme", maxLength: 8 });
const key = fc
  .oneof(text, fc.constantFrom("toString", "constructor", "a-b", ""))
  .filter((one) => one !== "__proto__");
const name = fc.stringMatching(/^[a-z]{1,6}$/);
const scalars: readonly Sample[] = [
  { schema: z.string(), value: text },
  { schema: z.number(), value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0) },
  { schema: z.int32(), value: fc.integer() },
  { schema: z.boolean(), value: fc.boolean() },
  { schema: z.enum(["one", "two"]), value: fc.constantFrom("one", "two") },
  {
    schema: z.unknown(),
    value: fc
      .jsonValue({ maxDepth: 2 })
      .map((one): unknown => JSON.parse(JSON.stringify(one).replaceAll("__proto__", "p"))),
  },
];

const { sample } = fc.letrec<{ sample: Sample; object: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...scalars),
    tie("object"),
    tie("sample").map(({ schema, value }) => ({
      schema: z.array(schema),
      value: fc.array(value, { maxLength: 3 }),
    })),
    tie("sample").map(({ schema, value }) => ({
      schema: z.record(z.string(), schema),
      value: fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }),
    })),
  ),
  object: fc.dictionary(name, tie("sample"), { maxKeys: 4, noNullPrototype: true }).map(objectOf),
}));

function objectOf(fields: Readonly<Record<string, Sample>>): Sample {
  const entries = Object.entries(fields);
  return {
    schema: z.object(Object.fromEntries(entries.map(([one, { schema }]) => [one, schema]))),
    value: fc.record(Object.fromEntries(entries.map(([one, { value }]) => [one, value]))),
  };
}

const message = fc.dictionary(name, sample, { minKeys: 1, maxKeys: 4, noNullPrototype: true }).map(objectOf);

test("any value comes through protobuf as it comes through JSON", () => {
  const pair = message.chain(({ schema, value }) => value.map((one) => [schema, one] as const));
  fc.assert(
    fc.property(pair, ([schema, value]) => {
      const { type, absent } = derive(schema);
      const bytes = binary.encode(fromPlain(type, value, plain), type);
      const seen = toPlain(type, binary.decode(bytes, type), absent);
      expect(schema.parse(seen)).toEqual(schema.parse(plain(value)));
    }),
    { numRuns: 150 },
  );
});

test("any bytes are a value or a BAD_REQUEST", () => {
  const { type, absent } = derive(
    z.object({
      text: z.string(),
      list: z.array(z.object({ n: z.int32() })),
      map: z.record(z.string(), z.number()),
      any: z.unknown(),
    }),
  );
  const valid = binary.encode(
    fromPlain(type, { text: "a", list: [{ n: 1 }], map: { k: 1 }, any: { a: [1, "b", null] } }, plain),
    type,
  );
  const damaged = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = Uint8Array.from(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      try {
        toPlain(type, binary.decode(bytes, type), absent);
      } catch (error) {
        expect(MicroError.from(error).code).toBe("BAD_REQUEST");
      }
    }),
    { numRuns: 2000 },
  );
});

test("what a handler gives may be a Map, a Set, or anything that writes itself as JSON", () => {
  const schema = z.object({
    map: z.record(z.string(), z.number()),
    list: z.array(z.string()),
    when: z.string(),
    any: z.unknown(),
    own: z.object({ n: z.number() }),
  });
  const { type, absent } = derive(schema);
  const given = {
    map: new Map([["k", 1]]),
    list: new Set(["a"]),
    when: new Date(0),
    any: { bytes: Uint8Array.of(1, 2), big: 3n, none: undefined },
    own: { toJSON: () => ({ n: 1 }) },
  };
  const bytes = binary.encode(fromPlain(type, given, plain), type);
  expect(toPlain(type, binary.decode(bytes, type), absent)).toEqual({
    map: { k: 1 },
    list: ["a"],
    when: "1970-01-01T00:00:00.000Z",
    any: { bytes: "AQI=", big: 3 },
    own: { n: 1 },
  });
});

test("what does not fit is an error that names its path", () => {
  const { type } = derive(z.object({ list: z.array(z.object({ n: z.int32() })) }));
  const encode = (value: unknown) => binary.encode(fromPlain(type, value, plain), type);
  expect(() => encode({ list: [{ n: 1 }, { n: "x" }] })).toThrow(/list\.1\.n/);
  expect(() => encode({ list: "x" })).toThrow(/list: must be a list/);
  expect(() => encode("x")).toThrow(/must be a lab\.CallRequest/);
});
