import {
  type AnyMessageType,
  enumDescriptorOf,
  type Field,
  isEnumType,
  isMessageType,
  MessageProblem,
  type ObjectBudget,
  scalarDefault,
} from "@micro/core/message";
import { Reader } from "protobufjs/minimal.js";
import { scalarWire } from "./scalars.ts";

/** A message, while it is read. */
export type Message = Record<string, unknown>;

/** Reads fields into the message until the reader's end. */
export type ReadMessage = (reader: Reader, message: Message | undefined, depth: number) => Message;

/** Reads one value; `before` is what a message of the same field is merged into. */
type ReadValue = (reader: Reader, before: unknown, depth: number) => unknown;

/** Reads one occurrence of a field, behind its tag. */
export type ReadField = (reader: Reader, message: Message, depth: number) => void;

/** What the library throws about bytes, in our words; undefined for errors that are not about bytes. */
export function asProblem(error: unknown): MessageProblem | undefined {
  if (error instanceof MessageProblem) return error;
  if (!(error instanceof Error)) return undefined;
  let text: string;
  if (error.message.startsWith("index out of range")) text = "the bytes end inside a value";
  else if ((error as { code?: unknown }).code === "ERR_ENCODING_INVALID_ENCODED_DATA") text = "is not UTF-8";
  else if (/^(invalid|illegal|max depth)/.test(error.message)) text = error.message;
  else return undefined;
  const problem = new MessageProblem(text);
  problem.cause = error;
  return problem;
}

/** What a field's reader has to know beside its definition. */
export interface Surroundings {
  readonly syntax: "proto2" | "proto3";
  readonly readerOf: (type: AnyMessageType) => ReadMessage;
  readonly budget: ObjectBudget;
  /** The other properties of the field's oneof. */
  readonly rivals: readonly string[];
}

/** The readers of a field, for each wire type that it may have. */
export function* fieldReaders(
  field: Field,
  around: Surroundings,
): Generator<readonly [wireType: number, ReadField]> {
  const { key, type } = field;
  const { wireType, read } = valueReader(field, around);
  const before = valueBefore(key);
  const isKnown = knownBy(type);
  if (field.shape === "map") {
    yield [2, mapReader(field, { wireType, read, isKnown, budget: around.budget })];
  } else if (field.shape === "repeated") {
    yield [
      wireType,
      (reader, message, depth) => {
        const value = read(reader, undefined, depth);
        if (isKnown(value)) (message[key] as unknown[]).push(value);
      },
    ];
    // Numbers come one by one or in a block, whatever the definition says.
    if (wireType !== 2) yield [2, packedReader(key, { read, isKnown })];
  } else if (isKnown !== ANY_VALUE) {
    yield [wireType, closedEnumReader(key, { read, isKnown, rivals: around.rivals })];
  } else if (around.rivals.length > 0) {
    yield [
      wireType,
      (reader, message, depth) => {
        const value = read(reader, before(message), depth);
        for (const rival of around.rivals) if (message[rival] !== undefined) delete message[rival];
        message[key] = value;
      },
    ];
  } else {
    yield [
      wireType,
      (reader, message, depth) => {
        message[key] = read(reader, before(message), depth);
      },
    ];
  }
}

/**
 * What a message has of a field so far. What every object inherits (`constructor` and its like) belongs to the whole
 * process: nothing may be read into it.
 */
function valueBefore(key: string): (message: Message) => unknown {
  if (!(key in Object.prototype)) return (message) => message[key];
  return (message) => (Object.hasOwn(message, key) ? message[key] : undefined);
}

interface ValueReader {
  readonly wireType: number;
  readonly read: ReadValue;
}

function valueReader(field: Field, { syntax, readerOf, budget }: Surroundings): ValueReader {
  const { type, int64 } = field;
  if (isMessageType(type)) {
    const readMessageOf = readerOf(type);
    return {
      wireType: 2,
      read: (reader, before, depth) => {
        const outer = enter(reader);
        const message = readMessageOf(reader, before as Message | undefined, depth + 1);
        reader.len = outer;
        return message;
      },
    };
  }
  const wire = scalarWire(typeof type === "string" ? type : "int32", syntax);
  if (type !== "bytes") return { wireType: wire.wireType, read: (reader) => wire.read(reader, int64) };
  return {
    wireType: wire.wireType,
    read: (reader) => {
      budget.take(1);
      return wire.read(reader, int64);
    },
  };
}

/**
 * Puts the reader's end at the end of the block that begins here, and gives the end to put back. A length that lies is a
 * problem.
 */
function enter(reader: Reader): number {
  const length = reader.size();
  const outer = reader.len;
  const end = reader.pos + length;
  if (end > outer) {
    throw new MessageProblem(`announces ${length} bytes where ${outer - reader.pos} are left`);
  }
  reader.len = end;
  return outer;
}

interface ElementReader {
  readonly read: ReadValue;
  readonly isKnown: IsKnown;
}

function packedReader(key: string, { read, isKnown }: ElementReader): ReadField {
  return (reader, message) => {
    const list = message[key] as unknown[];
    const outer = enter(reader);
    while (reader.pos < reader.len) {
      const value = read(reader, undefined, 0);
      if (isKnown(value)) list.push(value);
    }
    reader.len = outer;
  };
}

/** Whether a value counts, or is an unknown field. */
type IsKnown = (value: unknown) => boolean;

const ANY_VALUE: IsKnown = () => true;

/** A number that a closed enum of proto2 does not have counts as an unknown field. */
function knownBy(type: Field["type"]): IsKnown {
  if (!isEnumType(type)) return ANY_VALUE;
  const { file, nameOf } = enumDescriptorOf(type);
  return file.syntax === "proto3" ? ANY_VALUE : (value) => nameOf.has(value as number);
}

function closedEnumReader(
  key: string,
  { read, isKnown, rivals }: ElementReader & { readonly rivals: readonly string[] },
): ReadField {
  return (reader, message) => {
    const value = read(reader, undefined, 0);
    if (!isKnown(value)) return;
    for (const rival of rivals) if (message[rival] !== undefined) delete message[rival];
    message[key] = value;
  };
}

const KEY_FIELD = 1;
const VALUE_FIELD = 2;

/** What a map's reader has to know beside its field. */
interface MapParts extends ValueReader, ElementReader {
  readonly budget: ObjectBudget;
}

function mapReader(field: Field, value: MapParts): ReadField {
  const { key: property, mapKey } = field;
  if (mapKey === undefined) throw new TypeError(`field '${field.name}': a map needs the type of its keys`);
  const keyWire = scalarWire(mapKey, "proto3");
  const keyTag = (KEY_FIELD << 3) | keyWire.wireType;
  const valueTag = (VALUE_FIELD << 3) | value.wireType;
  const defaultKey = String(scalarDefault(mapKey, "string"));
  const defaultValue = mapDefault(field, value);
  return (reader, message, depth) => {
    let key = defaultKey;
    let entry: unknown;
    value.budget.take(1);
    try {
      const outer = enter(reader);
      while (reader.pos < reader.len) {
        const tag = reader.tag();
        if (tag === keyTag) key = String(keyWire.read(reader, "string"));
        else if (tag === valueTag) entry = value.read(reader, entry, depth);
        else reader.skipType(tag & 7, depth, tag >>> 3);
      }
      reader.len = outer;
      if (key === "__proto__") throw new MessageProblem("this key is not allowed");
    } catch (error) {
      throw asProblem(error)?.in(key) ?? error;
    }
    entry ??= defaultValue(depth);
    if (value.isKnown(entry)) (message[property] as Message)[key] = entry;
  };
}

/** What an entry without a value has. */
function mapDefault({ type, int64 }: Field, { read }: ValueReader): (depth: number) => unknown {
  if (typeof type === "string") return () => scalarDefault(type, int64);
  // As when it had come: a message without a byte.
  if (isMessageType(type)) return (depth) => read(Reader.create(NO_LENGTH), undefined, depth);
  const first = enumDescriptorOf(type).values[0]?.[1] ?? 0;
  return () => first;
}

/** Of a message that has no bytes. */
const NO_LENGTH = Buffer.alloc(1);
