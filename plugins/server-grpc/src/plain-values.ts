import { messageFromJson, messageToJson } from "@micro/codec";
import { MicroError } from "@micro/core";
import {
  type AnyMessageType,
  descriptorOf,
  type Field,
  isMessageType,
  propertyOf,
} from "@micro/core/message";
import type { DerivedContracts } from "@micro/core/proto";
import { Struct, Value } from "@micro/core/wkt";

type Plain = Readonly<Record<string, unknown>>;

/** What the schemas want to see of fields that a message does not have. */
export type AbsentValues = DerivedContracts["whenAbsent"];

/** True for the types that stand for any JSON. */
function isJson(type: AnyMessageType): boolean {
  return type.typeName === Value.typeName || type.typeName === Struct.typeName;
}

/**
 * A message of a derived type as the value that its schema checks: what a caller would have written in JSON. Throws a
 * MicroError `BAD_REQUEST`.
 */
export function toPlain(type: AnyMessageType, message: unknown, absent: AbsentValues): unknown {
  if (isJson(type)) return jsonOf(type, message);
  const source = message as Plain;
  const shown = absent.get(type);
  const plain: Record<string, unknown> = {};
  for (const field of descriptorOf(type).fields) {
    const { key, shape } = field;
    const given = source[key];
    const seen = shown?.get(key);
    if (given === undefined) {
      if (seen === "null") plain[key] = null;
    } else if (shape === "single") plain[key] = entryToPlain(field, given, absent);
    else if (shape === "repeated") {
      const list = (given as readonly unknown[]).map((entry) => entryToPlain(field, entry, absent));
      if (list.length > 0 || seen !== undefined) plain[key] = list;
    } else {
      const entries = Object.entries(given as Plain);
      const map = entries.map(([name, entry]) => [name, entryToPlain(field, entry, absent)] as const);
      if (map.length > 0 || seen !== undefined) plain[key] = Object.fromEntries(map);
    }
  }
  return plain;
}

function entryToPlain({ type }: Field, entry: unknown, absent: AbsentValues): unknown {
  return isMessageType(type) ? toPlain(type, entry, absent) : entry;
}

function jsonOf(type: AnyMessageType, message: unknown): unknown {
  let json: unknown;
  try {
    json = messageToJson(type, message);
  } catch (cause) {
    throw new MicroError({ code: "BAD_REQUEST", detail: MicroError.from(cause).detail, cause });
  }
  refuseKeys(json);
  return json;
}

/** Refuses what changes prototypes where a receiver merges objects carelessly; the other such key no map has. */
function refuseKeys(json: unknown): void {
  if (typeof json !== "object" || json === null) return;
  for (const [key, entry] of Object.entries(json)) {
    if (key === "constructor" && typeof entry === "object" && entry !== null && "prototype" in entry) {
      const detail = "the keys 'constructor.prototype' are not allowed";
      throw new MicroError({ code: "BAD_REQUEST", detail });
    }
    refuseKeys(entry);
  }
}

/**
 * What a handler gives as a message of a derived type. `json` gives the JSON value of anything. What does not fit stays as
 * it is, for the codec to say where it stands.
 */
export function fromPlain(type: AnyMessageType, given: unknown, json: (value: unknown) => unknown): unknown {
  if (isJson(type)) return messageFromJson(type, json(given));
  const value = ownForm(given);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const source = (value instanceof Map ? Object.fromEntries(value) : value) as Plain;
  const message: Record<string, unknown> = {};
  for (const field of descriptorOf(type).fields) {
    const entry = propertyOf(source, field.key) ?? nullOf(field, source);
    if (entry !== undefined) message[field.key] = fieldFromPlain(field, ownForm(entry), json);
  }
  return message;
}

/** Null is a value where any JSON may be; elsewhere it is nothing. */
function nullOf({ key, type, shape }: Field, source: Plain): null | undefined {
  const any = shape === "single" && isMessageType(type) && type.typeName === Value.typeName;
  return any && source[key] === null ? null : undefined;
}

function fieldFromPlain(field: Field, given: unknown, json: (value: unknown) => unknown): unknown {
  const { type, shape } = field;
  const one = (entry: unknown) => (isMessageType(type) ? fromPlain(type, entry, json) : ownForm(entry));
  if (shape === "single") return one(given);
  const several =
    given instanceof Set ? [...given] : given instanceof Map ? Object.fromEntries(given) : given;
  if (typeof several !== "object" || several === null) return several;
  if (shape === "repeated") return Array.isArray(several) ? several.map(one) : several;
  return Object.fromEntries(Object.entries(several).map(([name, entry]) => [name, one(entry)]));
}

/** A Date and its like write themselves. */
function ownForm(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === "function" ? (toJSON as () => unknown).call(value) : value;
}
