import {
  type AnyMessageType,
  descriptorOf,
  enumDescriptorOf,
  type Field,
  isMessageType,
  type ScalarType,
} from "@micro/core/message";
import fc from "fast-check";

type Message = Record<string, unknown>;

const integers = (min: number, max: number) =>
  fc.oneof(fc.integer({ min, max }), fc.constantFrom(0, 1, min, max));
const longs = (min: bigint, max: bigint) =>
  fc.oneof(
    fc.bigInt({ min, max }),
    fc
      .constantFrom(0n, 1n, 127n, 128n, 2n ** 32n, 2n ** 53n, 2n ** 53n - 1n, min, max, -(2n ** 53n))
      .filter((v) => v >= min),
  );
const INT32 = integers(-(2 ** 31), 2 ** 31 - 1);
const UINT32 = integers(0, 2 ** 32 - 1);
const INT64 = longs(-(2n ** 63n), 2n ** 63n - 1n);
const UINT64 = longs(0n, 2n ** 64n - 1n);
const TEXT = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("", "constructor", "ü", "😀", "x".repeat(130), "ü".repeat(70)),
);

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  // Without -0, which JSON.stringify writes as 0: a test of its own has it.
  double: fc.double().map((number) => number + 0),
  float: fc.float().map((number) => number + 0),
  int32: INT32,
  sint32: INT32,
  sfixed32: INT32,
  uint32: UINT32,
  fixed32: UINT32,
  int64: INT64,
  sint64: INT64,
  sfixed64: INT64,
  uint64: UINT64,
  fixed64: UINT64,
  bool: fc.boolean(),
  string: TEXT,
  bytes: fc.uint8Array({ maxLength: 12 }),
};

/** Values that some well-known types may have in JSON too; any others are made from their fields. */
const SPECIAL: Readonly<Record<string, () => fc.Arbitrary<Message>>> = {
  "google.protobuf.Timestamp": () =>
    fc.record({ seconds: fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }), nanos: nanos() }),
  "google.protobuf.Duration": () =>
    fc
      .tuple(fc.bigInt({ min: 0n, max: 315_576_000_000n }), nanos(), fc.boolean())
      .filter(([seconds, rest]) => seconds < 315_576_000_000n || rest === 0)
      .map(([seconds, rest, past]) =>
        past ? { seconds: -seconds, nanos: 0 - rest } : { seconds, nanos: rest },
      ),
  "google.protobuf.FieldMask": () =>
    fc.record({
      paths: fc.array(fc.constantFrom("a", "user.display_name", "x_y.z", "foo"), { maxLength: 3 }),
    }),
  "google.protobuf.Value": () => json().map(jsonValueOf),
  "google.protobuf.Struct": () => fc.dictionary(key(), json(), { maxKeys: 3 }).map(structOf),
  "google.protobuf.ListValue": () =>
    fc.array(json(), { maxLength: 3 }).map((values) => ({ values: values.map(jsonValueOf) })),
  "google.protobuf.Any": () => fc.constant({ typeUrl: "", value: new Uint8Array(0) }),
};

const nanos = () =>
  fc.oneof(
    fc.constantFrom(0, 1, 1_000, 1_000_000, 500_000_000, 120_000, 999_999_999),
    fc.integer({ min: 0, max: 999_999_999 }),
  );
const key = () => fc.string({ maxLength: 5 }).filter((text) => text !== "__proto__");
const json = () =>
  fc
    .jsonValue({ maxDepth: 2, noUnicodeString: false })
    .filter((v) => !JSON.stringify(v).includes("__proto__"));

function jsonValueOf(value: unknown): Message {
  if (value === null) return { nullValue: 0 };
  if (typeof value === "number") return { numberValue: value + 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(jsonValueOf) } };
  return { structValue: structOf(value as object) };
}

const structOf = (value: object): Message => ({
  fields: Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, jsonValueOf(entry)])),
});

/** Any message of the type, as a writer may give it: implicit fields may be missing. */
export function messages(type: AnyMessageType, levels = 3): fc.Arbitrary<Message> {
  const special = SPECIAL[type.typeName];
  if (special !== undefined) return special();
  const { fields } = descriptorOf(type);
  const always: Record<string, fc.Arbitrary<unknown>> = {};
  const maybe: Record<string, fc.Arbitrary<unknown>> = {};
  const oneofs = new Map<string, Field[]>();
  for (const field of fields) {
    if (isMessageType(field.type) && levels === 0) {
      if (field.presence === "required") throw new Error("a required message cannot end");
      continue;
    }
    if (field.oneof !== undefined) {
      oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field]);
    } else if (field.presence === "required") {
      always[field.key] = fieldValues(field, levels);
    } else {
      maybe[field.key] = fieldValues(field, levels);
    }
  }
  const chosen = [...oneofs.values()].map((members) =>
    fc.option(
      fc.oneof(
        ...members.map((field) => fieldValues(field, levels).map((value) => ({ [field.key]: value }))),
      ),
      { nil: {} },
    ),
  );
  return fc
    .tuple(fc.record(always), fc.record(maybe, { requiredKeys: [] }), ...chosen)
    .map((parts) => Object.assign({}, ...parts) as Message);
}

function fieldValues(field: Field, levels: number): fc.Arbitrary<unknown> {
  const value = valuesOf(field, levels);
  if (field.shape === "single") return value;
  if (field.shape === "repeated") return fc.array(value, { maxLength: 4 });
  const keys = (SCALARS[field.mapKey as ScalarType] as fc.Arbitrary<unknown>)
    .map(String)
    .filter((text) => text !== "__proto__");
  return fc.dictionary(keys, value, { maxKeys: 3, noNullPrototype: true });
}

function valuesOf({ type, int64 }: Field, levels: number): fc.Arbitrary<unknown> {
  if (isMessageType(type)) return messages(type, levels - 1);
  if (typeof type === "string") {
    if (int64 === "number") return fc.maxSafeInteger().map(Math.abs);
    return int64 === "string" ? SCALARS[type].map(String) : SCALARS[type];
  }
  const { values, file } = enumDescriptorOf(type);
  const known = fc.constantFrom(...values.map(([, number]) => number));
  // Enums of proto2 and null have no other values.
  return file.syntax === "proto2" || values.length === 1 ? known : fc.oneof(known, INT32);
}
