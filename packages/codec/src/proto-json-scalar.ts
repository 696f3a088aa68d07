import {
  type EnumType,
  enumDescriptorOf,
  type Int64Form,
  is64Bit,
  kindOf,
  MessageProblem,
  readScalar,
  type ScalarType,
} from "@micro/core/message";
import { asBuffer } from "./utf8.ts";

/** The name of the enum that stands for JSON's null. */
const NULL_VALUE = "google.protobuf.NullValue";

const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** A scalar in JSON. Throws a MessageProblem for what is none of the type. */
export function scalarToJson(type: ScalarType, value: unknown): string | number | boolean {
  if (type === "bytes") {
    if (!(value instanceof Uint8Array)) readScalar(type, value, "string");
    return asBuffer(value as Uint8Array).toString("base64");
  }
  const checked = readScalar(type, value, "string") as string | number | boolean;
  // JSON has no way to say these.
  return typeof checked === "number" && !Number.isFinite(checked) ? String(checked) : checked;
}

/** A scalar of JSON. A bigint is a number of the text that a double does not hold. Throws a MessageProblem. */
export function scalarFromJson(type: ScalarType, json: unknown, int64: Int64Form): unknown {
  switch (type) {
    case "string":
    case "bool":
      return readScalar(type, json, int64);
    case "bytes":
      return bytesFromJson(json);
    case "double":
    case "float":
      return readScalar(type, decimalFromJson(json), int64);
    default:
      return readScalar(type, integerFromJson(json, is64Bit(type)), int64);
  }
}

function bytesFromJson(json: unknown): Uint8Array {
  if (typeof json !== "string") throw new MessageProblem(`must be bytes as base64, not ${kindOf(json)}`);
  const padding = json.indexOf("=");
  const letters = padding < 0 ? json.length : padding;
  if (!BASE64.test(json) || letters % 4 === 1 || (letters < json.length && json.length % 4 !== 0)) {
    throw new MessageProblem("must be bytes as base64, and has a character or a length that base64 has not");
  }
  // Node reads both alphabets. A copy, because it may stand in the memory that Buffers share.
  return new Uint8Array(Buffer.from(json, "base64"));
}

function decimalFromJson(json: unknown): unknown {
  if (typeof json === "number" || typeof json === "bigint") {
    const number = Number(json);
    if (Number.isFinite(number)) return number;
    throw new MessageProblem("is beyond a double");
  }
  if (typeof json !== "string") return json;
  const special = SPECIAL_NUMBERS.get(json);
  if (special !== undefined) return special;
  const number = NUMBER.test(json) ? Number(json) : Number.NaN;
  if (!Number.isFinite(number)) throw new MessageProblem(`must be a number, not ${kindOf(json)}`);
  return number;
}

/** Numbers in texts may have a fraction and an exponent as long as they are whole: `1.0`, `1e3`. */
function integerFromJson(json: unknown, is64: boolean): unknown {
  if (typeof json === "bigint" && !is64) return Number(json);
  if (typeof json !== "string") return json;
  const integer = exactInteger(json);
  if (integer === undefined) throw new MessageProblem(`must be a whole number, not ${kindOf(json)}`);
  return is64 ? integer : Number(integer);
}

const ZERO = "0".charCodeAt(0);

/** More digits than any 64-bit integer has. */
const MAX_DIGITS = 21;

/** The whole number that a JSON number is, exactly; undefined if it is none, or far beyond 64 bits. */
export function exactInteger(text: string): bigint | undefined {
  if (/^-?\d+$/.test(text)) return text.length <= MAX_DIGITS ? BigInt(text) : undefined;
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", written = "", exponent = "0"] = match;
  const fraction = withoutTrailingZeros(written);
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const zeros = Number(exponent) - fraction.length;
  if (digits === "") return 0n;
  if (digits.length + Math.max(0, zeros) > MAX_DIGITS) return undefined;
  const trailing = digits.length - withoutTrailingZeros(digits).length;
  if (zeros < -trailing) return undefined;
  const shifted = zeros < 0 ? digits.slice(0, zeros) : digits.padEnd(digits.length + zeros, "0");
  return BigInt(`${sign}${shifted}`);
}

/** Not by /0+$/, which tries each zero of a text for the end: its time grows with the square of the length. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  return digits.slice(0, end);
}

/** An enum's name, its number where it has none, and null for the enum of null. */
export function enumToJson(type: EnumType, value: unknown): string | number | null {
  const { nameOf, typeName } = enumDescriptorOf(type);
  const number = readScalar("int32", value, "number") as number;
  return typeName === NULL_VALUE ? null : (nameOf.get(number) ?? number);
}

/** The number of an enum, from its name or number. The closed enums of proto2 take no other numbers. */
export function enumFromJson(type: EnumType, json: unknown): number {
  const { nameOf, numberOf, typeName, file } = enumDescriptorOf(type);
  if (json === null && typeName === NULL_VALUE) return 0;
  if (typeof json === "number") {
    const number = readScalar("int32", json, "number") as number;
    if (file.syntax === "proto3" || nameOf.has(number)) return number;
  } else if (typeof json === "string") {
    const number = numberOf.get(json);
    if (number !== undefined) return number;
  }
  const names = [...numberOf.keys()];
  const listed = `${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`;
  throw new MessageProblem(`must be a ${typeName} (${listed}), not ${kindOf(json)}`);
}

/** True for the enum that JSON's null is a value of. */
export function isNullEnum(type: EnumType): boolean {
  return enumDescriptorOf(type).typeName === NULL_VALUE;
}
