export { defineEnum, defineFile, defineMessage, type FieldsOptions, type TypeOptions } from "./define.ts";
export type {
  EnumType,
  EnumValue,
  FieldOptions,
  FileOptions,
  Int64Form,
  MapKeyType,
  MessageInit,
  MessageType,
  OneOf,
  ProtoFile,
  ScalarType,
} from "./descriptor.ts";

// ---- for authors of codecs and tools ----

export {
  buildMessage,
  defaultOf,
  MAX_MESSAGE_DEPTH,
  mapKey,
  messageSource,
  propertyOf,
  unknownField,
} from "./build.ts";
export { lowerCamelCase } from "./define.ts";
export {
  type AnyMessageType,
  descriptorOf,
  type EnumDescriptor,
  enumDescriptorOf,
  type Field,
  isEnumType,
  isMessageType,
  type MessageDescriptor,
} from "./descriptor.ts";
export { ObjectBudget, type ObjectLimit } from "./object-budget.ts";
export { kindOf, MessageProblem } from "./problem.ts";
export { int64As, is64Bit, readScalar, scalarDefault } from "./scalar.ts";
