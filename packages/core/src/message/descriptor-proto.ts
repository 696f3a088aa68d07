import { defineEnum, defineFile, defineMessage } from "./define.ts";
import type { EnumValue, MessageType } from "./descriptor.ts";

/**
 * The part of `google/protobuf/descriptor.proto` that describes what a definition of this package can say. Options and
 * source positions that are not here are skipped when a descriptor is read.
 */
export const descriptorFile = defineFile({
  name: "google/protobuf/descriptor.proto",
  package: "google.protobuf",
  syntax: "proto2",
});

const file = descriptorFile;

/** Several files. */
export interface FileDescriptorSet {
  file: FileDescriptorProto[];
}
export const FileDescriptorSet: MessageType<FileDescriptorSet> = defineMessage(
  file,
  "FileDescriptorSet",
  () => ({ file: { number: 1, type: FileDescriptorProto, repeated: true } }),
);

/** A `.proto` file. */
export interface FileDescriptorProto {
  name?: string | undefined;
  package?: string | undefined;
  /** Names of the files that it imports. */
  dependency: string[];
  messageType: DescriptorProto[];
  enumType: EnumDescriptorProto[];
  service: ServiceDescriptorProto[];
  /** `proto3`; absent for proto2. */
  syntax?: string | undefined;
}
export const FileDescriptorProto: MessageType<FileDescriptorProto> = defineMessage(
  file,
  "FileDescriptorProto",
  () => ({
    name: { number: 1, type: "string" },
    package: { number: 2, type: "string" },
    dependency: { number: 3, type: "string", repeated: true },
    messageType: { number: 4, type: DescriptorProto, repeated: true },
    enumType: { number: 5, type: EnumDescriptorProto, repeated: true },
    service: { number: 6, type: ServiceDescriptorProto, repeated: true },
    syntax: { number: 12, type: "string" },
  }),
);

/** A message. */
export interface DescriptorProto {
  name?: string | undefined;
  field: FieldDescriptorProto[];
  nestedType: DescriptorProto[];
  enumType: EnumDescriptorProto[];
  options?: MessageOptions | undefined;
  oneofDecl: OneofDescriptorProto[];
}
export const DescriptorProto: MessageType<DescriptorProto> = defineMessage(file, "DescriptorProto", () => ({
  name: { number: 1, type: "string" },
  field: { number: 2, type: FieldDescriptorProto, repeated: true },
  nestedType: { number: 3, type: DescriptorProto, repeated: true },
  enumType: { number: 4, type: EnumDescriptorProto, repeated: true },
  options: { number: 7, type: MessageOptions },
  oneofDecl: { number: 8, type: OneofDescriptorProto, repeated: true },
}));

/** What a field's values are. */
export const FieldType = defineEnum(file, "FieldDescriptorProto.Type", {
  TYPE_DOUBLE: 1,
  TYPE_FLOAT: 2,
  TYPE_INT64: 3,
  TYPE_UINT64: 4,
  TYPE_INT32: 5,
  TYPE_FIXED64: 6,
  TYPE_FIXED32: 7,
  TYPE_BOOL: 8,
  TYPE_STRING: 9,
  TYPE_GROUP: 10,
  TYPE_MESSAGE: 11,
  TYPE_BYTES: 12,
  TYPE_UINT32: 13,
  TYPE_ENUM: 14,
  TYPE_SFIXED32: 15,
  TYPE_SFIXED64: 16,
  TYPE_SINT32: 17,
  TYPE_SINT64: 18,
});
export type FieldType = EnumValue<typeof FieldType>;

/** How often a field occurs. */
export const FieldLabel = defineEnum(file, "FieldDescriptorProto.Label", {
  LABEL_OPTIONAL: 1,
  LABEL_REPEATED: 3,
  LABEL_REQUIRED: 2,
});
export type FieldLabel = EnumValue<typeof FieldLabel>;

/** A field. */
export interface FieldDescriptorProto {
  name?: string | undefined;
  number?: number | undefined;
  label?: FieldLabel | undefined;
  type?: FieldType | undefined;
  /** `.shop.v1.Order`, of a message or an enum. */
  typeName?: string | undefined;
  /** Of proto2, as text. */
  defaultValue?: string | undefined;
  /** Place of its oneof in the message's list. */
  oneofIndex?: number | undefined;
  jsonName?: string | undefined;
  options?: FieldOptionsProto | undefined;
  /** An `optional` field of proto3; its oneof holds it alone. */
  proto3Optional?: boolean | undefined;
}
export const FieldDescriptorProto: MessageType<FieldDescriptorProto> = defineMessage(
  file,
  "FieldDescriptorProto",
  () => ({
    name: { number: 1, type: "string" },
    number: { number: 3, type: "int32" },
    label: { number: 4, type: FieldLabel },
    type: { number: 5, type: FieldType },
    typeName: { number: 6, type: "string" },
    defaultValue: { number: 7, type: "string" },
    options: { number: 8, type: FieldOptionsProto },
    oneofIndex: { number: 9, type: "int32" },
    jsonName: { number: 10, type: "string" },
    proto3Optional: { number: 17, type: "bool" },
  }),
);

/** A oneof. */
export interface OneofDescriptorProto {
  name?: string | undefined;
}
export const OneofDescriptorProto: MessageType<OneofDescriptorProto> = defineMessage(
  file,
  "OneofDescriptorProto",
  () => ({ name: { number: 1, type: "string" } }),
);

/** An enum. */
export interface EnumDescriptorProto {
  name?: string | undefined;
  value: EnumValueDescriptorProto[];
  options?: EnumOptions | undefined;
}
export const EnumDescriptorProto: MessageType<EnumDescriptorProto> = defineMessage(
  file,
  "EnumDescriptorProto",
  () => ({
    name: { number: 1, type: "string" },
    value: { number: 2, type: EnumValueDescriptorProto, repeated: true },
    options: { number: 3, type: EnumOptions },
  }),
);

/** A name of an enum, with its number. */
export interface EnumValueDescriptorProto {
  name?: string | undefined;
  number?: number | undefined;
}
export const EnumValueDescriptorProto: MessageType<EnumValueDescriptorProto> = defineMessage(
  file,
  "EnumValueDescriptorProto",
  () => ({ name: { number: 1, type: "string" }, number: { number: 2, type: "int32" } }),
);

/** A service. */
export interface ServiceDescriptorProto {
  name?: string | undefined;
  method: MethodDescriptorProto[];
  options?: ServiceOptions | undefined;
}
export const ServiceDescriptorProto: MessageType<ServiceDescriptorProto> = defineMessage(
  file,
  "ServiceDescriptorProto",
  () => ({
    name: { number: 1, type: "string" },
    method: { number: 2, type: MethodDescriptorProto, repeated: true },
    options: { number: 3, type: ServiceOptions },
  }),
);

/** A method. */
export interface MethodDescriptorProto {
  name?: string | undefined;
  /** `.shop.v1.Order`. */
  inputType?: string | undefined;
  outputType?: string | undefined;
  options?: MethodOptionsProto | undefined;
  clientStreaming?: boolean | undefined;
  serverStreaming?: boolean | undefined;
}
export const MethodDescriptorProto: MessageType<MethodDescriptorProto> = defineMessage(
  file,
  "MethodDescriptorProto",
  () => ({
    name: { number: 1, type: "string" },
    inputType: { number: 2, type: "string" },
    outputType: { number: 3, type: "string" },
    options: { number: 4, type: MethodOptionsProto },
    clientStreaming: { number: 5, type: "bool" },
    serverStreaming: { number: 6, type: "bool" },
  }),
);

/** Options of a message. */
export interface MessageOptions {
  deprecated?: boolean | undefined;
  /** The message is an entry of a map field. */
  mapEntry?: boolean | undefined;
}
export const MessageOptions: MessageType<MessageOptions> = defineMessage(file, "MessageOptions", () => ({
  deprecated: { number: 3, type: "bool" },
  mapEntry: { number: 7, type: "bool" },
}));

/** What 64-bit integers are in JavaScript. */
export const FieldJsType = defineEnum(file, "FieldOptions.JSType", {
  JS_NORMAL: 0,
  JS_STRING: 1,
  JS_NUMBER: 2,
});
export type FieldJsType = EnumValue<typeof FieldJsType>;

/** Options of a field: `google.protobuf.FieldOptions`. */
export interface FieldOptionsProto {
  packed?: boolean | undefined;
  deprecated?: boolean | undefined;
  jstype?: FieldJsType | undefined;
}
export const FieldOptionsProto: MessageType<FieldOptionsProto> = defineMessage(file, "FieldOptions", () => ({
  packed: { number: 2, type: "bool" },
  deprecated: { number: 3, type: "bool" },
  jstype: { number: 6, type: FieldJsType },
}));

/** Options of an enum. */
export interface EnumOptions {
  /** Two names may stand for one number. */
  allowAlias?: boolean | undefined;
  deprecated?: boolean | undefined;
}
export const EnumOptions: MessageType<EnumOptions> = defineMessage(file, "EnumOptions", () => ({
  allowAlias: { number: 2, type: "bool" },
  deprecated: { number: 3, type: "bool" },
}));

/** Options of a service. */
export interface ServiceOptions {
  deprecated?: boolean | undefined;
}
export const ServiceOptions: MessageType<ServiceOptions> = defineMessage(file, "ServiceOptions", () => ({
  deprecated: { number: 33, type: "bool" },
}));

/** Whether a method may be called twice. */
export const IdempotencyLevel = defineEnum(file, "MethodOptions.IdempotencyLevel", {
  IDEMPOTENCY_UNKNOWN: 0,
  NO_SIDE_EFFECTS: 1,
  IDEMPOTENT: 2,
});
export type IdempotencyLevel = EnumValue<typeof IdempotencyLevel>;

/** Options of a method: `google.protobuf.MethodOptions`. */
export interface MethodOptionsProto {
  deprecated?: boolean | undefined;
  idempotencyLevel?: IdempotencyLevel | undefined;
}
export const MethodOptionsProto: MessageType<MethodOptionsProto> = defineMessage(
  file,
  "MethodOptions",
  () => ({
    deprecated: { number: 33, type: "bool" },
    idempotencyLevel: { number: 34, type: IdempotencyLevel },
  }),
);
