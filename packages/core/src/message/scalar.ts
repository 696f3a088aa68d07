import type { Int64Form, ScalarType } from "./descriptor.ts";
import { kindOf, MessageProblem } from "./problem.ts";

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

const INT32: Range = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const UINT32: Range = { min: 0n, max: 2n ** 32n - 1n };
const INT64: Range = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const UINT64: Range = { min: 0n, max: 2n ** 64n - 1n };

const RANGES: Readonly<Partial<Record<ScalarType, Range>>> = {
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
};

/** True for the integers that a double does not hold. */
export function is64Bit(type: ScalarType): boolean {
  return RANGES[type] === INT64 || RANGES[type] === UINT64;
}

/** What a field without presence has when nobody set it. */
export function scalarDefault(type: ScalarType, int64: Int64Form): unknown {
  if (type === "string") return "";
  if (type === "bytes") return new Uint8Array(0);
  if (type === "bool") return false;
  return is64Bit(type) ? int64As(0n, int64) : 0;
}

/** A 64-bit integer in the form that was asked for. A number that a double does not hold is a {@link MessageProblem}. */
export function int64As(value: bigint, form: Int64Form): bigint | string | number {
  if (form === "bigint") return value;
  if (form === "string") return value.toString();
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new MessageProblem(`${value} does not fit a number: use bigint or string for this field`);
  }
  return number;
}

/** `value` as a scalar of the type; bytes are copied. Throws a {@link MessageProblem}. */
export function readScalar(type: ScalarType, value: unknown, int64: Int64Form): unknown {
  switch (type) {
    case "string":
      if (typeof value !== "string") throw notA("text", value);
      if (!value.isWellFormed()) throw new MessageProblem("is no well-formed text: it has half a character");
      return value;
    case "bool":
      if (typeof value !== "boolean") throw notA("boolean", value);
      return value;
    case "bytes":
      if (!(value instanceof Uint8Array)) throw notA("Uint8Array", value);
      return new Uint8Array(value);
    case "double":
      if (typeof value !== "number") throw notA("number", value);
      return value;
    case "float": {
      if (typeof value !== "number") throw notA("number", value);
      // 3.4028235e38, as others write the largest float, is a little more than it, and is rounded to it.
      const float = Math.fround(value);
      if (Number.isFinite(float) || !Number.isFinite(value)) return float;
      throw new MessageProblem(`${value} is beyond a float`);
    }
    default:
      return is64Bit(type) ? readLong(type, value, int64) : readInteger(type, value);
  }
}

function readInteger(type: ScalarType, value: unknown): number {
  if (typeof value !== "number") throw notA("number", value);
  const { min, max } = RANGES[type] as Range;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new MessageProblem(`must be a whole number from ${min} to ${max} (${type}), not ${value}`);
  }
  // Not -0, which would be another value than the 0 it is written as.
  return value + 0;
}

function readLong(type: ScalarType, value: unknown, form: Int64Form): unknown {
  const { min, max } = RANGES[type] as Range;
  let integer: bigint;
  if (typeof value === "bigint") integer = value;
  else if (typeof value === "number" && Number.isSafeInteger(value)) integer = BigInt(value);
  else if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) integer = BigInt(value);
  else
    throw new MessageProblem(`must be a bigint, a whole number or its text (${type}), not ${kindOf(value)}`);
  if (integer < min || integer > max) {
    throw new MessageProblem(`must be from ${min} to ${max} (${type}), not ${integer}`);
  }
  return int64As(integer, form);
}

function notA(what: string, value: unknown): MessageProblem {
  return new MessageProblem(`must be a ${what}, not ${kindOf(value)}`);
}
