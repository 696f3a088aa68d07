import { defineEnum, defineFile, defineMessage } from "./define.ts";
import type { EnumValue, MessageType, OneOf } from "./descriptor.ts";

/**
 * The well-known types of Protocol Buffers that services use, as messages. Their special JSON forms (RFC 3339 times,
 * bare wrappers, plain JSON for Struct) are the codecs' business.
 */
const file = (name: string) =>
  defineFile({ name: `google/protobuf/${name}.proto`, package: "google.protobuf" });

/** `google/protobuf/any.proto`. */
export const anyFile = file("any");
/** `google/protobuf/duration.proto`. */
export const durationFile = file("duration");
/** `google/protobuf/empty.proto`. */
export const emptyFile = file("empty");
/** `google/protobuf/field_mask.proto`. */
export const fieldMaskFile = file("field_mask");
/** `google/protobuf/struct.proto`. */
export const structFile = file("struct");
/** `google/protobuf/timestamp.proto`. */
export const timestampFile = file("timestamp");
/** `google/protobuf/wrappers.proto`. */
export const wrappersFile = file("wrappers");

/** A message of any type, with its name. */
export interface Any {
  /** `type.googleapis.com/shop.v1.Order`. */
  typeUrl: string;
  /** The message in binary form. */
  value: Uint8Array;
}
export const Any: MessageType<Any> = defineMessage(anyFile, "Any", () => ({
  typeUrl: { number: 1, type: "string" },
  value: { number: 2, type: "bytes" },
}));

/** A span of time; both parts have one sign. */
export interface Duration {
  seconds: bigint;
  /** -999,999,999 to 999,999,999. */
  nanos: number;
}
export const Duration: MessageType<Duration> = defineMessage(durationFile, "Duration", () => ({
  seconds: { number: 1, type: "int64" },
  nanos: { number: 2, type: "int32" },
}));

/** Nothing. */
export type Empty = Record<string, never>;
export const Empty: MessageType<Empty> = defineMessage(emptyFile, "Empty", () => ({}));

/** Paths of fields. */
export interface FieldMask {
  paths: string[];
}
export const FieldMask: MessageType<FieldMask> = defineMessage(fieldMaskFile, "FieldMask", () => ({
  paths: { number: 1, type: "string", repeated: true },
}));

/** A point in time, in UTC. */
export interface Timestamp {
  /** Since 1970. */
  seconds: bigint;
  /** 0 to 999,999,999, always forward in time. */
  nanos: number;
}
export const Timestamp: MessageType<Timestamp> = defineMessage(timestampFile, "Timestamp", () => ({
  seconds: { number: 1, type: "int64" },
  nanos: { number: 2, type: "int32" },
}));

/** JSON's null. */
export const NullValue = defineEnum(structFile, "NullValue", { NULL_VALUE: 0 });
export type NullValue = EnumValue<typeof NullValue>;

/** A JSON object. */
export interface Struct {
  fields: { [key: string]: Value };
}
export const Struct: MessageType<Struct> = defineMessage(structFile, "Struct", () => ({
  fields: { number: 1, type: Value, map: "string" },
}));

/** A JSON value. */
export type Value = OneOf<{
  nullValue: NullValue;
  numberValue: number;
  stringValue: string;
  boolValue: boolean;
  structValue: Struct;
  listValue: ListValue;
}>;
export const Value: MessageType<Value> = defineMessage(structFile, "Value", () => ({
  nullValue: { number: 1, type: NullValue, oneof: "kind" },
  numberValue: { number: 2, type: "double", oneof: "kind" },
  stringValue: { number: 3, type: "string", oneof: "kind" },
  boolValue: { number: 4, type: "bool", oneof: "kind" },
  structValue: { number: 5, type: Struct, oneof: "kind" },
  listValue: { number: 6, type: ListValue, oneof: "kind" },
}));

/** A JSON list. */
export interface ListValue {
  values: Value[];
}
export const ListValue: MessageType<ListValue> = defineMessage(structFile, "ListValue", () => ({
  values: { number: 1, type: Value, repeated: true },
}));

/** A `double` that may be absent. */
export interface DoubleValue {
  value: number;
}
export const DoubleValue: MessageType<DoubleValue> = defineMessage(wrappersFile, "DoubleValue", () => ({
  value: { number: 1, type: "double" },
}));

/** A `float` that may be absent. */
export interface FloatValue {
  value: number;
}
export const FloatValue: MessageType<FloatValue> = defineMessage(wrappersFile, "FloatValue", () => ({
  value: { number: 1, type: "float" },
}));

/** An `int64` that may be absent. */
export interface Int64Value {
  value: bigint;
}
export const Int64Value: MessageType<Int64Value> = defineMessage(wrappersFile, "Int64Value", () => ({
  value: { number: 1, type: "int64" },
}));

/** A `uint64` that may be absent. */
export interface UInt64Value {
  value: bigint;
}
export const UInt64Value: MessageType<UInt64Value> = defineMessage(wrappersFile, "UInt64Value", () => ({
  value: { number: 1, type: "uint64" },
}));

/** An `int32` that may be absent. */
export interface Int32Value {
  value: number;
}
export const Int32Value: MessageType<Int32Value> = defineMessage(wrappersFile, "Int32Value", () => ({
  value: { number: 1, type: "int32" },
}));

/** A `uint32` that may be absent. */
export interface UInt32Value {
  value: number;
}
export const UInt32Value: MessageType<UInt32Value> = defineMessage(wrappersFile, "UInt32Value", () => ({
  value: { number: 1, type: "uint32" },
}));

/** A `bool` that may be absent. */
export interface BoolValue {
  value: boolean;
}
export const BoolValue: MessageType<BoolValue> = defineMessage(wrappersFile, "BoolValue", () => ({
  value: { number: 1, type: "bool" },
}));

/** A `string` that may be absent. */
export interface StringValue {
  value: string;
}
export const StringValue: MessageType<StringValue> = defineMessage(wrappersFile, "StringValue", () => ({
  value: { number: 1, type: "string" },
}));

/** `bytes` that may be absent. */
export interface BytesValue {
  value: Uint8Array;
}
export const BytesValue: MessageType<BytesValue> = defineMessage(wrappersFile, "BytesValue", () => ({
  value: { number: 1, type: "bytes" },
}));

/** The timestamp of a Date. Throws a RangeError for an invalid one. */
export function timestampOf(date: Date): Timestamp {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError("timestampOf: the date is invalid");
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** The Date of a timestamp, to the millisecond. */
export function dateOf({ seconds, nanos }: Timestamp): Date {
  return new Date(Number(seconds) * 1000 + Math.floor(nanos / 1_000_000));
}

/** The duration of so many milliseconds, to the nanosecond. Throws a RangeError for a number that is not finite. */
export function durationOf(ms: number): Duration {
  if (!Number.isFinite(ms)) throw new RangeError(`durationOf: ${ms} is no number of milliseconds`);
  const seconds = Math.trunc(ms / 1000);
  // Not -0, which is another number than 0.
  const nanos = Math.round((ms - seconds * 1000) * 1_000_000) + 0;
  // What is rounded up may be a whole second.
  if (Math.abs(nanos) === 1_000_000_000) return { seconds: BigInt(seconds + Math.sign(nanos)), nanos: 0 };
  return { seconds: BigInt(seconds), nanos };
}

/** Milliseconds of a duration. */
export function millisecondsOf({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}
