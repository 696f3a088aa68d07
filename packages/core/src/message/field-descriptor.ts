import { lowerCamelCase } from "./define.ts";
import {
  enumDescriptorOf,
  type Field,
  isEnumType,
  isMessageType,
  type MessageDescriptor,
  type MessageInit,
  type ScalarType,
} from "./descriptor.ts";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldJsType,
  FieldLabel,
  type FieldOptionsProto,
  FieldType,
} from "./descriptor-proto.ts";

type Init<T> = MessageInit<T>;

/** What a message's descriptor says of its fields. */
export interface FieldsDescriptors {
  readonly fields: readonly Init<FieldDescriptorProto>[];
  /** The messages that maps are lists of. */
  readonly entries: readonly Init<DescriptorProto>[];
  /** Names, in the order that fields refer to them. */
  readonly oneofs: readonly string[];
}

/** Describes the fields of a message as protoc does. */
export function describeFields(message: MessageDescriptor): FieldsDescriptors {
  const { fields } = message;
  const oneofs: string[] = [];
  const oneofOf = new Map<Field, number>();
  for (const field of fields) {
    if (field.oneof === undefined) continue;
    if (!oneofs.includes(field.oneof)) oneofs.push(field.oneof);
    oneofOf.set(field, oneofs.indexOf(field.oneof));
  }
  // Each `optional` field of proto3 has a oneof of its own, and these are the last ones.
  const taken = new Set([...oneofs, ...fields.map(({ name }) => name)]);
  const optional = new Set(fields.filter((field) => isProto3Optional(field, message)));
  for (const field of optional) {
    let name = `_${field.name}`;
    while (taken.has(name)) name = `X${name}`;
    taken.add(name);
    oneofOf.set(field, oneofs.push(name) - 1);
  }
  return {
    oneofs,
    entries: fields.filter(({ shape }) => shape === "map").map(describeEntry),
    fields: fields.map((field) => ({
      ...describeField(field, message),
      ...(oneofOf.has(field) ? { oneofIndex: oneofOf.get(field) } : {}),
      ...(optional.has(field) ? { proto3Optional: true } : {}),
    })),
  };
}

function isProto3Optional({ presence, oneof, type }: Field, { file }: MessageDescriptor): boolean {
  return file.syntax === "proto3" && presence === "explicit" && oneof === undefined && !isMessageType(type);
}

function describeField(field: Field, message: MessageDescriptor): Init<FieldDescriptorProto> {
  const options = optionsOf(field, message.file.syntax);
  return {
    name: field.name,
    number: field.number,
    label: labelOf(field),
    ...(field.shape === "map"
      ? { type: FieldType.TYPE_MESSAGE, typeName: `.${message.typeName}.${entryName(field)}` }
      : typeOf(field.type)),
    ...(field.default === undefined ? {} : { defaultValue: defaultText(field) }),
    jsonName: field.jsonName,
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

function labelOf({ shape, presence }: Field): FieldLabel {
  if (shape !== "single") return FieldLabel.LABEL_REPEATED;
  return presence === "required" ? FieldLabel.LABEL_REQUIRED : FieldLabel.LABEL_OPTIONAL;
}

function typeOf(type: Field["type"]): Init<FieldDescriptorProto> {
  if (isMessageType(type)) return { type: FieldType.TYPE_MESSAGE, typeName: `.${type.typeName}` };
  if (isEnumType(type)) {
    return { type: FieldType.TYPE_ENUM, typeName: `.${enumDescriptorOf(type).typeName}` };
  }
  return { type: FieldType[`TYPE_${type.toUpperCase() as Uppercase<ScalarType>}`] };
}

/** Only what differs from what the syntax says anyway. */
function optionsOf(field: Field, syntax: "proto2" | "proto3"): Init<FieldOptionsProto> {
  const { type, shape, packed, deprecated, int64 } = field;
  const packable = shape === "repeated" && type !== "string" && type !== "bytes" && !isMessageType(type);
  return {
    ...(packable && packed !== (syntax === "proto3") ? { packed } : {}),
    ...(deprecated ? { deprecated } : {}),
    ...(int64 === "bigint"
      ? {}
      : { jstype: int64 === "string" ? FieldJsType.JS_STRING : FieldJsType.JS_NUMBER }),
  };
}

/** Infinity is `inf` in a `.proto` file. */
const SPECIAL_DEFAULTS: Readonly<Record<string, string>> = {
  Infinity: "inf",
  "-Infinity": "-inf",
  NaN: "nan",
};

function defaultText(field: Field): string {
  const text = String(field.default);
  if (isEnumType(field.type) && typeof field.default === "number") {
    return enumDescriptorOf(field.type).nameOf.get(field.default) ?? text;
  }
  return typeof field.default === "number" ? (SPECIAL_DEFAULTS[text] ?? text) : text;
}

/** `by_number` is `ByNumberEntry`, as protoc names it. */
function entryName({ name }: Field): string {
  const camel = lowerCamelCase(name);
  return `${camel.charAt(0).toUpperCase()}${camel.slice(1)}Entry`;
}

function describeEntry(field: Field): Init<DescriptorProto> {
  const part = (name: string, number: number, type: Field["type"]): Init<FieldDescriptorProto> => ({
    name,
    number,
    label: FieldLabel.LABEL_OPTIONAL,
    ...typeOf(type),
    jsonName: name,
  });
  return {
    name: entryName(field),
    field: [part("key", 1, field.mapKey as ScalarType), part("value", 2, field.type)],
    options: { mapEntry: true },
  };
}
