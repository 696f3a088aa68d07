import {
  type AnyMessageType,
  descriptorOf,
  enumDescriptorOf,
  type Field,
  isMessageType,
  type ScalarType,
} from "@micro/core/message";

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** The same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MAX_DEPTH = 3;

/** What a writer may give for a message of the type; about every second field is set. */
export function randomMessage(type: AnyMessageType, random: Random, depth = 0): Record<string, unknown> {
  const special = specialMessage(type.typeName, random);
  if (special !== undefined) return special;
  const message: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const field of descriptorOf(type).fields) {
    const isRequired = field.presence === "required";
    if (!isRequired && random() < 0.5) continue;
    if (field.oneof !== undefined && taken.has(field.oneof)) continue;
    const isMessage = isMessageType(field.type);
    if (isMessage && depth >= MAX_DEPTH && !isRequired) continue;
    // Its JSON depends on types that only the application knows.
    if (isMessage && field.type.typeName === "google.protobuf.Any") continue;
    if (field.oneof !== undefined) taken.add(field.oneof);
    message[field.key] = randomField(field, random, depth);
  }
  return message;
}

function randomField(field: Field, random: Random, depth: number): unknown {
  const value = () => randomValue(field, random, depth);
  if (field.shape === "single") return value();
  const count = Math.floor(random() * 4);
  if (field.shape === "repeated") return Array.from({ length: count }, value);
  const keys = Array.from({ length: count }, () => randomKey(field.mapKey as ScalarType, random));
  return Object.fromEntries(keys.map((key) => [key, value()]));
}

function randomKey(type: ScalarType, random: Random): string {
  if (type === "string") return `key ${Math.floor(random() * 1000)}`;
  return type === "bool" ? String(random() < 0.5) : String(Math.floor(random() * 1000));
}

function randomValue(field: Field, random: Random, depth: number): unknown {
  const { type } = field;
  if (typeof type === "string") {
    const value = randomScalar(type, random);
    // A field of numbers takes only those that a double holds.
    return typeof value === "bigint" && field.int64 === "number" ? Number(BigInt.asUintN(53, value)) : value;
  }
  if (isMessageType(type)) return randomMessage(type, random, depth + 1);
  const { values } = enumDescriptorOf(type);
  return values[Math.floor(random() * values.length)]?.[1];
}

function randomScalar(type: ScalarType, random: Random): unknown {
  const bits = () => Math.floor(random() * 2 ** 32);
  switch (type) {
    case "string":
      return ["", "a", "ä €", "line\nline", "😀"][Math.floor(random() * 5)];
    case "bytes":
      return Uint8Array.from({ length: Math.floor(random() * 5) }, () => bits() & 255);
    case "bool":
      return random() < 0.5;
    case "double":
      return [0, -1.5, 1e300, Number.POSITIVE_INFINITY, random()][Math.floor(random() * 5)];
    case "float":
      return Math.fround((random() - 0.5) * 1000);
    case "uint32":
    case "fixed32":
      return bits();
    case "int32":
    case "sint32":
    case "sfixed32":
      return bits() | 0;
    case "uint64":
    case "fixed64":
      return (BigInt(bits()) << 32n) | BigInt(bits());
    default:
      return BigInt.asIntN(64, (BigInt(bits()) << 32n) | BigInt(bits()));
  }
}

/** Messages whose JSON form does not take everything. */
function specialMessage(typeName: string, random: Random): Record<string, unknown> | undefined {
  const seconds = BigInt(Math.floor(random() * 1e9));
  switch (typeName) {
    case "google.protobuf.Timestamp":
    case "google.protobuf.Duration":
      return { seconds, nanos: Math.floor(random() * 1e9) };
    case "google.protobuf.FieldMask":
      return { paths: ["user.display_name", "photo"].slice(0, Math.floor(random() * 3)) };
    case "google.protobuf.Value":
      return { stringValue: "text" };
    case "google.protobuf.Struct":
      return { fields: { a: { numberValue: 1 }, b: { listValue: { values: [{ boolValue: true }] } } } };
    case "google.protobuf.ListValue":
      return { values: [{ nullValue: 0 }] };
    default:
      return undefined;
  }
}
