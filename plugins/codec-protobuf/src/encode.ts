import {
  type AnyMessageType,
  descriptorOf,
  type Field,
  isMessageType,
  kindOf,
  type MapKeyType,
  MessageProblem,
  mapKey,
  messageSource,
  propertyOf,
  type ScalarType,
} from "@micro/core/message";
import { Writer } from "protobufjs/minimal.js";
import { mapKeyValue, type ScalarWire, scalarWire } from "./scalars.ts";

/** A writer whose message was not larger is used again. */
const KEPT_BYTES = 64 * 1024;

type WriteMessage = (writer: Writer, value: unknown, depth: number) => void;

/** Writes a field with its tag; not called for what is absent. */
type WriteField = (writer: Writer, value: unknown, depth: number) => void;

/** Writes one value behind its tag, which is already there. */
type WriteValue = (writer: Writer, value: unknown, depth: number) => void;

interface FieldPlan {
  readonly key: string;
  readonly required: boolean;
  readonly write: WriteField;
}

/**
 * A writer of messages: fields in the order of their numbers, without those that have their default and no presence.
 * It takes what `create` of the type takes, and throws a MessageProblem for anything else.
 */
export function createEncode(): (type: AnyMessageType, value: unknown) => Uint8Array {
  const writers = new WeakMap<AnyMessageType, WriteMessage>();

  const writerOf = (type: AnyMessageType): WriteMessage => {
    let write = writers.get(type);
    if (write === undefined) {
      let fields: readonly FieldPlan[] | undefined;
      write = (writer, value, depth) => {
        // Compiled on first use: types may hold themselves.
        fields ??= planOf(type, writerOf);
        writeMessage(writer, value, { type, fields, depth });
      };
      writers.set(type, write);
    }
    return write;
  };

  let spare: Writer | undefined;
  return (type, value) => {
    // Taken out while it is in use: a getter of the value may encode too. After an error it is not used again.
    const writer = spare ?? Writer.create();
    spare = undefined;
    writerOf(type)(writer, value, 0);
    const bytes = writer.finish();
    if (bytes.length <= KEPT_BYTES) spare = writer.reset();
    return bytes;
  };
}

interface Place {
  readonly type: AnyMessageType;
  readonly fields: readonly FieldPlan[];
  readonly depth: number;
}

function writeMessage(writer: Writer, value: unknown, { type, fields, depth }: Place): void {
  const source = messageSource(type, value, depth);
  let current = "";
  try {
    for (const field of fields) {
      current = field.key;
      const given = propertyOf(source, current);
      if (given !== undefined) field.write(writer, given, depth);
      else if (field.required) throw new MessageProblem("is required");
    }
  } catch (error) {
    throw at(error, current);
  }
}

/** The error with the key in front of its path. */
function at(error: unknown, key: PropertyKey): unknown {
  return error instanceof MessageProblem ? error.in(key) : error;
}

function planOf(type: AnyMessageType, writerOf: (type: AnyMessageType) => WriteMessage): FieldPlan[] {
  const { fields, file } = descriptorOf(type);
  return fields.map((field) => ({
    key: field.key,
    required: field.presence === "required",
    write: fieldWriter(field, file.syntax, writerOf),
  }));
}

function fieldWriter(
  field: Field,
  syntax: "proto2" | "proto3",
  writerOf: (type: AnyMessageType) => WriteMessage,
): WriteField {
  const { type, shape, number } = field;
  const wire = isMessageType(type) ? undefined : wireOf(type, syntax);
  const writeValue: WriteValue = isMessageType(type)
    ? nested(writerOf(type))
    : scalarWriter(wire as ScalarWire);
  const tag = ((number << 3) | (wire?.wireType ?? 2)) >>> 0;
  if (shape === "map") return mapWriter(field, writeValue, wire?.wireType ?? 2);
  if (shape === "repeated") {
    return field.packed
      ? packedWriter(((number << 3) | 2) >>> 0, wire as ScalarWire)
      : listWriter(tag, writeValue);
  }
  if (wire === undefined) {
    return (writer, value, depth) => writeValue(writer.uint32(tag), value, depth);
  }
  const explicit = field.presence !== "implicit";
  return (writer, value) => {
    const checked = wire.check(value);
    if (explicit || !wire.isDefault(checked)) wire.write(writer.uint32(tag), checked);
  };
}

/** Enums are written as the int32 that they are. */
function wireOf(type: Exclude<Field["type"], AnyMessageType>, syntax: "proto2" | "proto3"): ScalarWire {
  return scalarWire(typeof type === "string" ? type : "int32", syntax);
}

function nested(write: WriteMessage): WriteValue {
  return (writer, value, depth) => {
    writer.fork();
    write(writer, value, depth + 1);
    writer.ldelim();
  };
}

function scalarWriter(wire: ScalarWire): WriteValue {
  return (writer, value) => wire.write(writer, wire.check(value));
}

function listWriter(tag: number, writeValue: WriteValue): WriteField {
  return (writer, value, depth) => {
    const list = asList(value);
    let index = 0;
    try {
      for (; index < list.length; index++) writeValue(writer.uint32(tag), list[index], depth);
    } catch (error) {
      throw at(error, index);
    }
  };
}

function packedWriter(tag: number, wire: ScalarWire): WriteField {
  return (writer, value) => {
    const list = asList(value);
    if (list.length === 0) return;
    writer.uint32(tag).fork();
    let index = 0;
    try {
      for (; index < list.length; index++) wire.write(writer, wire.check(list[index]));
    } catch (error) {
      throw at(error, index);
    }
    writer.ldelim();
  };
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MessageProblem(`must be a list, not ${kindOf(value)}`);
  return value;
}

/** A map is a list of small messages: field 1 is the key, field 2 the value, and both are always written. */
function mapWriter(field: Field, writeValue: WriteValue, valueWireType: number): WriteField {
  const keyType = field.mapKey as MapKeyType;
  const keyWire = scalarWire(keyType as ScalarType, "proto3");
  const tag = ((field.number << 3) | 2) >>> 0;
  const keyTag = (1 << 3) | keyWire.wireType;
  const valueTag = (2 << 3) | valueWireType;
  return (writer, value, depth) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new MessageProblem(`must be an object with a property per entry, not ${kindOf(value)}`);
    }
    for (const [property, entry] of Object.entries(value)) {
      // mapKey's problems have the key in their path.
      const key = mapKeyValue(keyType, mapKey(field, property));
      writer.uint32(tag).fork();
      keyWire.write(writer.uint32(keyTag), key);
      try {
        writeValue(writer.uint32(valueTag), entry, depth);
      } catch (error) {
        throw at(error, property);
      }
      writer.ldelim();
    }
  };
}
