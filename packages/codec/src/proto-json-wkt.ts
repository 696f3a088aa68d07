import {
  type AnyMessageType,
  descriptorOf,
  type Field,
  isMessageType,
  kindOf,
  MessageProblem,
  mapKey,
} from "@micro/core/message";
import { ANY } from "./proto-json-any.ts";
import { scalarFromJson, scalarToJson } from "./proto-json-scalar.ts";
import { deeper, inside, type Message, type SpecialForm } from "./proto-json-special.ts";
import { DURATION_FORM, TIMESTAMP } from "./proto-json-time.ts";

/** The special JSON form of a type; undefined for those that are objects of their fields. */
export function specialForm({ typeName }: AnyMessageType): SpecialForm | undefined {
  return typeName.startsWith(PACKAGE) ? SPECIAL_FORMS.get(typeName.slice(PACKAGE.length)) : undefined;
}

const PACKAGE = "google.protobuf.";

/** `a,user.displayName`. */
const FIELD_MASK: SpecialForm = {
  orFields: true,
  toJson({ paths }) {
    return (paths as string[])
      .map((path, index) => {
        const camel = path.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
        if (snakePath(camel) !== path || camel.includes("_") || camel.includes(",")) {
          throw new MessageProblem(`${kindOf(path)} cannot be written in lowerCamelCase and read again`)
            .in(index)
            .in("paths");
        }
        return camel;
      })
      .join(",");
  },
  fromJson(json, { context }) {
    if (typeof json !== "string") return json as Message;
    context.budget.take(1);
    if (json.includes("_")) {
      throw new MessageProblem(`must have its paths in lowerCamelCase, not ${kindOf(json)}`);
    }
    return { paths: json === "" ? [] : json.split(",").map(snakePath) };
  },
};

function snakePath(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The value alone. */
const WRAPPER: SpecialForm = {
  orFields: true,
  toJson: ({ value }, { type }) => scalarToJson(wrapped(type).scalar, value),
  fromJson(json, { type, context }) {
    // Its fields in an object are read already.
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Message;
    const { scalar, field } = wrapped(type);
    if (scalar === "bytes") context.budget.take(1);
    return { value: scalarFromJson(scalar, json, field.int64) };
  },
};

function wrapped(type: AnyMessageType) {
  const field = fieldOf(type, "value");
  if (typeof field.type !== "string") throw new TypeError(`${type.typeName}: 'value' must be a scalar`);
  return { field, scalar: field.type };
}

/** A JSON object. */
const STRUCT: SpecialForm = {
  toJson({ fields }, { type, context }) {
    const value = messageType(fieldOf(type, "fields"));
    const json: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(fields as Message)) {
      json[key] = inside(key, () => context.walk.write(value, entry, deeper(context)));
    }
    return json;
  },
  fromJson(json, { type, context }) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new MessageProblem(`must be an object, not ${kindOf(json)}`);
    }
    const field = fieldOf(type, "fields");
    const value = messageType(field);
    const fields: Message = {};
    context.budget.take(1);
    for (const [key, entry] of Object.entries(json)) {
      context.budget.take(1);
      fields[mapKey(field, key)] = inside(key, () => context.walk.read(value, entry, deeper(context)));
    }
    return { fields };
  },
};

/** Any JSON value. */
const VALUE: SpecialForm = {
  toJson(message, { type, context }) {
    const [kind] = Object.keys(message);
    switch (kind) {
      case "nullValue":
        return null;
      case "numberValue":
        if (!Number.isFinite(message.numberValue)) {
          throw new MessageProblem(`JSON has no ${String(message.numberValue)}`).in(kind);
        }
        return message.numberValue;
      case "stringValue":
      case "boolValue":
        return message[kind];
      case "structValue":
      case "listValue":
        return context.walk.write(messageType(fieldOf(type, kind)), message[kind], deeper(context));
      default:
        throw new MessageProblem("has no value: set one of its fields");
    }
  },
  fromJson(json, { type, context }) {
    switch (typeof json) {
      case "string":
        return { stringValue: scalarFromJson("string", json, "bigint") };
      case "boolean":
        return { boolValue: json };
      case "number":
      case "bigint":
        return { numberValue: scalarFromJson("double", json, "bigint") };
      default: {
        if (json === null) return { nullValue: 0 };
        const kind = Array.isArray(json) ? "listValue" : "structValue";
        return { [kind]: context.walk.read(messageType(fieldOf(type, kind)), json, deeper(context)) };
      }
    }
  },
};

/** A JSON list. */
const LIST_VALUE: SpecialForm = {
  toJson({ values }, { type, context }) {
    const value = messageType(fieldOf(type, "values"));
    return (values as unknown[]).map((entry, index) =>
      inside(index, () => context.walk.write(value, entry, deeper(context))),
    );
  },
  fromJson(json, { type, context }) {
    if (!Array.isArray(json)) throw new MessageProblem(`must be a list, not ${kindOf(json)}`);
    const value = messageType(fieldOf(type, "values"));
    context.budget.take(1);
    return {
      values: json.map((entry, index) =>
        inside(index, () => context.walk.read(value, entry, deeper(context))),
      ),
    };
  },
};

const SPECIAL_FORMS: ReadonlyMap<string, SpecialForm> = new Map([
  ["Any", ANY],
  ["Timestamp", TIMESTAMP],
  ["Duration", DURATION_FORM],
  ["FieldMask", FIELD_MASK],
  ["Struct", STRUCT],
  ["Value", VALUE],
  ["ListValue", LIST_VALUE],
  ["DoubleValue", WRAPPER],
  ["FloatValue", WRAPPER],
  ["Int64Value", WRAPPER],
  ["UInt64Value", WRAPPER],
  ["Int32Value", WRAPPER],
  ["UInt32Value", WRAPPER],
  ["BoolValue", WRAPPER],
  ["StringValue", WRAPPER],
  ["BytesValue", WRAPPER],
]);

function fieldOf(type: AnyMessageType, key: string): Field {
  const field = descriptorOf(type).byKey.get(key);
  if (field === undefined) throw new TypeError(`${type.typeName}: the well-known type has no field '${key}'`);
  return field;
}

function messageType({ name, type }: Field): AnyMessageType {
  if (!isMessageType(type)) throw new TypeError(`the well-known field '${name}' must be a message`);
  return type;
}
