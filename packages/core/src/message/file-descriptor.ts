import { type Contract, endpointName, type Methods } from "../contract.ts";
import {
  type AnyMessageType,
  descriptorOf,
  type EnumDescriptor,
  type EnumType,
  enumDescriptorOf,
  isEnumType,
  isMessageType,
  type MessageDescriptor,
  type MessageInit,
  type ProtoFile,
} from "./descriptor.ts";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  FileDescriptorProto,
  IdempotencyLevel,
  type MethodDescriptorProto,
  type ServiceDescriptorProto,
} from "./descriptor-proto.ts";
import { describeFields } from "./field-descriptor.ts";

export {
  DescriptorProto,
  descriptorFile,
  EnumDescriptorProto,
  EnumOptions,
  EnumValueDescriptorProto,
  FieldDescriptorProto,
  FieldJsType,
  FieldLabel,
  FieldOptionsProto,
  FieldType,
  FileDescriptorProto,
  FileDescriptorSet,
  IdempotencyLevel,
  MessageOptions,
  MethodDescriptorProto,
  MethodOptionsProto,
  OneofDescriptorProto,
  ServiceDescriptorProto,
  ServiceOptions,
} from "./descriptor-proto.ts";

type Init<T> = MessageInit<T>;

/**
 * The file as protoc would describe it, with the contracts among `contracts` that are of this file. Fields stand in the
 * order of their numbers; comments and options that definitions do not know are not in it. A method whose input or
 * output is no message type has no place in a descriptor and is left out. Throws a TypeError for a nested type whose
 * parent is not in the file.
 */
export function fileDescriptorOf(file: ProtoFile, contracts: readonly Contract[] = []): FileDescriptorProto {
  const own = contracts.filter((contract) => contract.file === file);
  const parts = new Nesting(file);
  const methods = own.flatMap(({ methods }) => Object.values<Methods[string]>(methods));
  return FileDescriptorProto.create({
    name: file.name,
    ...(file.package === "" ? {} : { package: file.package }),
    dependency: dependencies(file, methods),
    messageType: parts.messagesIn(""),
    enumType: parts.enumsIn(""),
    service: own.map(describeService),
    // proto2 is what a file without it is, and protoc leaves it out.
    ...(file.syntax === "proto3" ? { syntax: "proto3" } : {}),
  });
}

/** The imports, and the files of types that are used without one: a descriptor that names them not is refused. */
function dependencies(file: ProtoFile, methods: readonly Methods[string][]): string[] {
  const names = new Set(file.imports.map(({ name }) => name));
  const uses = (type: unknown) => {
    const used = isMessageType(type)
      ? descriptorOf(type).file
      : isEnumType(type)
        ? enumDescriptorOf(type).file
        : file;
    if (used.name !== file.name) names.add(used.name);
  };
  for (const type of file.messages) for (const field of descriptorOf(type).fields) uses(field.type);
  for (const { input, output } of methods) {
    if (!isMessageType(input) || !isMessageType(output)) continue;
    uses(input);
    uses(output);
  }
  return [...names];
}

/** The messages and enums of a file, which know their place by their dotted names alone. */
class Nesting {
  readonly #messages = new Map<string, AnyMessageType[]>();
  readonly #enums = new Map<string, EnumType[]>();

  constructor(file: ProtoFile) {
    const names = new Set(file.messages.map((type) => descriptorOf(type).name));
    const add = <T>(lists: Map<string, T[]>, name: string, type: T) => {
      const parent = name.slice(0, Math.max(0, name.lastIndexOf(".")));
      if (parent !== "" && !names.has(parent)) {
        throw new TypeError(`file '${file.name}': '${name}' is nested in '${parent}', which is not defined`);
      }
      const list = lists.get(parent);
      if (list === undefined) lists.set(parent, [type]);
      else list.push(type);
    };
    for (const type of file.messages) add(this.#messages, descriptorOf(type).name, type);
    for (const type of file.enums) add(this.#enums, enumDescriptorOf(type).name, type);
  }

  messagesIn(parent: string): Init<DescriptorProto>[] {
    return (this.#messages.get(parent) ?? []).map((type) => this.#describe(descriptorOf(type)));
  }

  enumsIn(parent: string): Init<EnumDescriptorProto>[] {
    return (this.#enums.get(parent) ?? []).map((type) => describeEnum(enumDescriptorOf(type)));
  }

  #describe(message: MessageDescriptor): Init<DescriptorProto> {
    const { name, deprecated } = message;
    const { fields, entries, oneofs } = describeFields(message);
    return {
      name: lastPart(name),
      field: fields,
      nestedType: [...this.messagesIn(name), ...entries],
      enumType: this.enumsIn(name),
      oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
      ...(deprecated ? { options: { deprecated } } : {}),
    };
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function describeEnum({ name, values }: EnumDescriptor): Init<EnumDescriptorProto> {
  const aliases = new Set(values.map(([, number]) => number)).size < values.length;
  return {
    name: lastPart(name),
    value: values.map(([key, number]) => ({ name: key, number })),
    ...(aliases ? { options: { allowAlias: true } } : {}),
  };
}

function describeService(contract: Contract): Init<ServiceDescriptorProto> {
  const method: Init<MethodDescriptorProto>[] = [];
  for (const [key, { kind, input, output, idempotent, deprecated }] of Object.entries(contract.methods)) {
    if (!isMessageType(input) || !isMessageType(output)) continue;
    method.push({
      name: lastPart(endpointName(contract, key)),
      inputType: `.${input.typeName}`,
      outputType: `.${output.typeName}`,
      ...(kind === "clientStream" || kind === "bidiStream" ? { clientStreaming: true } : {}),
      ...(kind === "serverStream" || kind === "bidiStream" ? { serverStreaming: true } : {}),
      ...(idempotent || deprecated === true
        ? {
            options: {
              ...(idempotent ? { idempotencyLevel: IdempotencyLevel.IDEMPOTENT } : {}),
              ...(deprecated === true ? { deprecated } : {}),
            },
          }
        : {}),
    });
  }
  return {
    name: contract.name,
    method,
    ...(contract.deprecated === true ? { options: { deprecated: true } } : {}),
  };
}
