import { nearest } from "../nearest.ts";
import {
  type AnyMessageType,
  descriptorOf,
  type Field,
  isMessageType,
  type ScalarType,
} from "./descriptor.ts";
import { kindOf, MessageProblem } from "./problem.ts";
import { is64Bit, readScalar, scalarDefault } from "./scalar.ts";

/** Levels of messages inside each other, as in Google's implementations. */
export const MAX_MESSAGE_DEPTH = 100;

/** A complete copy of `value` as a message of the type. Throws a {@link MessageProblem}. */
export function buildMessage(type: AnyMessageType, value: unknown, depth = 0): Record<string, unknown> {
  const source = messageSource(type, value, depth);
  const message: Record<string, unknown> = {};
  for (const field of descriptorOf(type).fields) {
    const { key } = field;
    const given = propertyOf(source, key);
    if (given !== undefined) message[key] = buildField(field, given, depth);
    else if (field.presence === "required") throw new MessageProblem("is required").in(key);
    else if (field.presence === "implicit") message[key] = defaultOf(field);
  }
  return message;
}

/**
 * `value` as the properties of a message, which may lack any: an object with no unknown ones, and with at most one of
 * each oneof. Throws a {@link MessageProblem}.
 */
export function messageSource(
  type: AnyMessageType,
  value: unknown,
  depth: number,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MessageProblem(`must be a ${type.typeName}, not ${kindOf(value)}`);
  }
  if (depth >= MAX_MESSAGE_DEPTH) {
    throw new MessageProblem(`messages are nested deeper than ${MAX_MESSAGE_DEPTH}`);
  }
  const source = value as Readonly<Record<string, unknown>>;
  const { byKey, oneofs } = descriptorOf(type);
  for (const key of Object.keys(source)) {
    if (!byKey.has(key) && source[key] !== undefined) throw unknownField(type, key);
  }
  if (oneofs.size > 0) checkOneofs(oneofs, source);
  return source;
}

function checkOneofs(
  oneofs: ReadonlyMap<string, readonly Field[]>,
  source: Readonly<Record<string, unknown>>,
): void {
  for (const [name, members] of oneofs) {
    let taken: string | undefined;
    for (const { key } of members) {
      if (propertyOf(source, key) === undefined) continue;
      if (taken !== undefined) {
        throw new MessageProblem(`'${taken}' is set already, and both are of the oneof '${name}'`).in(key);
      }
      taken = key;
    }
  }
}

/** The value of a field that is not there and has no presence. */
export function defaultOf(field: Field): unknown {
  if (field.shape === "repeated") return [];
  if (field.shape === "map") return {};
  return typeof field.type === "string" ? scalarDefault(field.type, field.int64) : 0;
}

/** Fields that an error lists at most. */
const MAX_LISTED = 8;

/** The error for a property that is no field, with the one that was probably meant. */
export function unknownField(type: AnyMessageType, key: string): MessageProblem {
  const known = [...descriptorOf(type).byKey.keys()];
  const near = nearest(key, known);
  const listed = `${known.slice(0, MAX_LISTED).join(", ") || "none"}${known.length > MAX_LISTED ? ", …" : ""}`;
  const hint = near === undefined ? `it has ${listed}` : `did you mean '${near}'?`;
  return new MessageProblem(`unknown field of ${type.typeName}: ${hint}`).in(key);
}

/**
 * A property of an object that a writer gave; undefined for null too. Getters of classes count; what every object
 * inherits (`constructor` and its like) does not.
 */
export function propertyOf(source: Readonly<Record<string, unknown>>, key: string): unknown {
  const value = source[key] ?? undefined;
  // All that objects inherit are functions, and no field is one: a function of the object's own stays, to be refused.
  return typeof value === "function" && key in Object.prototype && !Object.hasOwn(source, key)
    ? undefined
    : value;
}

function buildField(field: Field, given: unknown, depth: number): unknown {
  const { key, shape } = field;
  try {
    if (shape === "single") return buildValue(field, given, depth);
    return shape === "repeated" ? buildList(field, given, depth) : buildMap(field, given, depth);
  } catch (error) {
    if (error instanceof MessageProblem) error.in(key);
    throw error;
  }
}

function buildList(field: Field, given: unknown, depth: number): unknown[] {
  if (!Array.isArray(given)) throw new MessageProblem(`must be a list, not ${kindOf(given)}`);
  return given.map((entry: unknown, index) => inside(index, () => buildValue(field, entry, depth)));
}

function buildMap(field: Field, given: unknown, depth: number): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new MessageProblem(`must be an object with a property per entry, not ${kindOf(given)}`);
  }
  const map: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(given)) {
    map[mapKey(field, key)] = inside(key, () => buildValue(field, entry, depth));
  }
  return map;
}

/** A map's key as a property: texts as they are, numbers and booleans in their one spelling. Throws a {@link MessageProblem}. */
export function mapKey(field: Field, key: string): string {
  if (key === "__proto__") throw new MessageProblem("this key is not allowed").in(key);
  const type = field.mapKey as ScalarType;
  if (type === "string" && key.isWellFormed()) return key;
  return inside(key, () => {
    if (type === "bool")
      return String(readScalar(type, key === "true" || (key === "false" ? false : key), "string"));
    const number = is64Bit(type) || !/^-?\d+$/.test(key) ? key : Number(key);
    return String(readScalar(type, number, "string"));
  });
}

function buildValue(field: Field, value: unknown, depth: number): unknown {
  const { type } = field;
  if (typeof type === "string") return readScalar(type, value, field.int64);
  if (isMessageType(type)) return buildMessage(type, value, depth + 1);
  return readScalar("int32", value, "number");
}

function inside<T>(key: PropertyKey, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MessageProblem) error.in(key);
    throw error;
  }
}
