import {
  type AnyMessageType,
  defaultOf,
  descriptorOf,
  type Field,
  isEnumType,
  isMessageType,
  kindOf,
  MAX_MESSAGE_DEPTH,
  type MessageDescriptor,
  MessageProblem,
  mapKey,
  unknownField,
} from "@micro/core/message";
import { enumFromJson, isNullEnum, scalarFromJson } from "./proto-json-scalar.ts";
import { deeper, inside, type JsonContext, type Message } from "./proto-json-special.ts";
import { specialForm } from "./proto-json-wkt.ts";

/** The complete message of a JSON value. Throws a MessageProblem. */
export function readMessage(type: AnyMessageType, json: unknown, context: JsonContext): Message {
  if (context.depth >= MAX_MESSAGE_DEPTH) {
    throw new MessageProblem(`messages are nested deeper than ${MAX_MESSAGE_DEPTH}`);
  }
  const special = specialForm(type);
  if (special === undefined) return readFields(type, json, context);
  if (special.orFields === true && isObject(json)) {
    return special.fromJson(readFields(type, json, context), { type, context });
  }
  context.budget.take(1);
  return special.fromJson(json, { type, context });
}

/** A message from an object of its fields, whatever its type. */
export function readFields(type: AnyMessageType, json: unknown, context: JsonContext): Message {
  if (!isObject(json)) throw new MessageProblem(`must be a ${type.typeName}, not ${kindOf(json)}`);
  const descriptor = descriptorOf(type);
  const { byJsonName, fields } = descriptor;
  const { budget } = context;
  budget.take(1);
  for (const name of Object.keys(json)) if (!byJsonName.has(name)) throw unknownField(type, name);
  const message: Message = {};
  let taken: Map<string, string> | undefined;
  let current = "";
  try {
    for (const field of fields) {
      const { key, oneof, presence } = field;
      current = field.jsonName;
      if (field.name !== current) current = nameIn(json, field, descriptor);
      const given = valueIn(json, current);
      if (given === undefined || (given === null && !takesNull(field))) {
        if (presence === "required") throw new MessageProblem("is required");
        if (presence === "implicit") {
          if (field.shape !== "single" || field.type === "bytes") budget.take(1);
          message[key] = defaultOf(field);
        }
        continue;
      }
      if (oneof !== undefined) {
        taken ??= new Map();
        const other = taken.get(oneof);
        if (other !== undefined) {
          throw new MessageProblem(`'${other}' is set already, and both are of the oneof '${oneof}'`);
        }
        taken.set(oneof, current);
      }
      message[key] = readField(field, given, context);
    }
  } catch (error) {
    throw error instanceof MessageProblem ? error.in(current) : error;
  }
  return message;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** JSON has no functions: one is what every object inherits. */
function valueIn(json: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = json[name];
  return typeof value === "function" ? undefined : value;
}

/** Under which of its two names a field is there, if it is. */
function nameIn(
  json: Readonly<Record<string, unknown>>,
  field: Field,
  { byJsonName }: Pick<MessageDescriptor, "byJsonName">,
): string {
  const { name, jsonName } = field;
  // The name of the `.proto` may be another field's name in JSON, and then means that one.
  if (valueIn(json, name) === undefined || byJsonName.get(name) !== field) return jsonName;
  if (valueIn(json, jsonName) === undefined) return name;
  throw new MessageProblem(`'${name}' and '${jsonName}' are one field, given twice`);
}

/** Null is absence, but for the two types that have it as a value. */
function takesNull({ type, shape }: Field): boolean {
  return shape === "single" && isNullable(type);
}

function isNullable(type: Field["type"]): boolean {
  if (isMessageType(type)) return type.typeName === "google.protobuf.Value";
  return isEnumType(type) && isNullEnum(type);
}

function readField(field: Field, json: unknown, context: JsonContext): unknown {
  if (field.shape === "single") return readValue(field, json, context);
  context.budget.take(1);
  return field.shape === "repeated" ? readList(field, json, context) : readMap(field, json, context);
}

function readList(field: Field, json: unknown, context: JsonContext): unknown[] {
  if (!Array.isArray(json)) throw new MessageProblem(`must be a list, not ${kindOf(json)}`);
  return json.map((entry: unknown, index) => inside(index, () => readEntry(field, entry, context)));
}

function readMap(field: Field, json: unknown, context: JsonContext): Message {
  if (!isObject(json)) {
    throw new MessageProblem(`must be an object with a property per entry, not ${kindOf(json)}`);
  }
  const map: Message = {};
  for (const [given, entry] of Object.entries(json)) {
    context.budget.take(1);
    const key = mapKey(field, given);
    if (Object.hasOwn(map, key)) throw new MessageProblem("is given twice").in(given);
    map[key] = inside(given, () => readEntry(field, entry, context));
  }
  return map;
}

function readEntry(field: Field, json: unknown, context: JsonContext): unknown {
  if (json === null && !isNullable(field.type)) {
    throw new MessageProblem("must not be null: lists and maps have no absent entries");
  }
  return readValue(field, json, context);
}

function readValue({ type, int64 }: Field, json: unknown, context: JsonContext): unknown {
  if (type === "bytes") context.budget.take(1);
  if (typeof type === "string") return scalarFromJson(type, json, int64);
  return isMessageType(type) ? readMessage(type, json, deeper(context)) : enumFromJson(type, json);
}
