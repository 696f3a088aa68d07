import { MicroError } from "@micro/core";
import {
  type AnyMessageType,
  buildMessage,
  descriptorOf,
  type Field,
  is64Bit,
  isEnumType,
  isMessageType,
  MessageProblem,
} from "@micro/core/message";
import { messageToJson } from "./proto-json.ts";
import { asBuffer } from "./utf8.ts";

type Message = Readonly<Record<string, unknown>>;

/** In Go their fields are interfaces, which plain JSON cannot fill. We read their form in proto3 JSON. */
const WITHOUT_FIELDS = new Set(["Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`));

/**
 * A message as Go's plain JSON has the generated struct: names of the `.proto` file, 64-bit integers as numbers, enums
 * as numbers, times as seconds and nanos, what is zero left out (spec 1.5). It takes what `create` of the type takes.
 * `messageFromJson` reads it. Throws a MicroError `INTERNAL` that names the path of what does not fit.
 */
export function messageToStructJson(type: AnyMessageType, value: unknown): unknown {
  let message: Message;
  try {
    message = buildMessage(type, value);
  } catch (error) {
    if (!(error instanceof MessageProblem)) throw error;
    throw new MicroError({ code: "INTERNAL", detail: `${type.typeName}: ${error.text}`, cause: error });
  }
  return structOf(type, message);
}

function structOf(type: AnyMessageType, message: Message): unknown {
  if (WITHOUT_FIELDS.has(type.typeName)) return messageToJson(type, message);
  const json: Record<string, unknown> = {};
  for (const field of descriptorOf(type).fields) {
    const value = Object.hasOwn(message, field.key) ? message[field.key] : undefined;
    if (value === undefined || (field.presence === "implicit" && isZero(field, value))) continue;
    json[field.name] = fieldOf(field, value);
  }
  return json;
}

function isZero({ type }: Field, value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (typeof value === "object") return Object.keys(value as object).length === 0;
  if (typeof type === "string" && is64Bit(type)) return BigInt(value as bigint | number | string) === 0n;
  // -0 is another value.
  return Object.is(value, 0) || value === "" || value === false;
}

function fieldOf(field: Field, value: unknown): unknown {
  if (field.shape === "single") return entryOf(field, value);
  if (field.shape === "repeated") return (value as unknown[]).map((entry) => entryOf(field, entry));
  const entries = Object.entries(value as Message);
  return Object.fromEntries(entries.map(([key, entry]) => [key, entryOf(field, entry)]));
}

function entryOf({ type }: Field, value: unknown): unknown {
  if (isMessageType(type)) return structOf(type, value as Message);
  if (isEnumType(type)) return value;
  if (type === "bytes") return asBuffer(value as Uint8Array).toString("base64");
  if (is64Bit(type)) return BigInt(value as bigint | number | string);
  // Plain JSON has no word for these: the one of proto3 JSON.
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
