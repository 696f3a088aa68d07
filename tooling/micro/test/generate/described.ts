import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** A file of descriptors as lines to compare: one for each thing that reaches the wire. */
export function describeFile(file: FileDescriptorProto): readonly string[] {
  const scope = file.package === "" ? "" : `${file.package}.`;
  const proto3 = file.syntax === "proto3";
  return [
    `file ${file.name} ${file.package} ${proto3 ? "proto3" : "proto2"}`,
    ...file.messageType.flatMap((message) => describeMessage(message, scope, proto3)),
    ...file.enumType.flatMap((type) => describeEnum(type, scope)),
    ...file.service.flatMap((service) => describeService(service, scope)),
  ].sort();
}

function describeMessage(message: DescriptorProto, scope: string, proto3: boolean): string[] {
  const name = `${scope}${message.name}`;
  return [
    `message ${name} ${message.options?.mapEntry === true ? "map entry" : ""}${message.options?.deprecated === true ? " deprecated" : ""}`,
    ...message.field.map((field) => `field ${name} ${describeField(field, message, proto3)}`),
    ...message.nestedType.flatMap((nested) => describeMessage(nested, `${name}.`, proto3)),
    ...message.enumType.flatMap((type) => describeEnum(type, `${name}.`)),
  ];
}

const PACKED_TYPES = new Set([1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18]);

function describeField(field: FieldDescriptorProto, message: DescriptorProto, proto3: boolean): string {
  const isPackable = field.label === 3 && PACKED_TYPES.has(field.type);
  const oneof = field.proto3Optional ? "optional" : message.oneofDecl[field.oneofIndex]?.name;
  const hasOneof = Object.hasOwn(field, "oneofIndex") || field.proto3Optional;
  return [
    field.number,
    field.name,
    field.jsonName,
    `label ${field.label}`,
    `type ${field.type} ${field.typeName}`,
    hasOneof ? `oneof ${oneof}` : "",
    field.defaultValue === "" ? "" : `default ${field.defaultValue}`,
    isPackable ? `packed ${packedOf(field) ?? proto3}` : "",
    field.options?.deprecated === true ? "deprecated" : "",
  ].join(" ");
}

/** Undefined when the file does not say. */
function packedOf({ options }: FieldDescriptorProto): boolean | undefined {
  return options !== undefined && Object.hasOwn(options, "packed") ? options.packed : undefined;
}

function describeEnum(type: EnumDescriptorProto, scope: string): string[] {
  return [`enum ${scope}${type.name} ${type.value.map(({ name, number }) => `${name}=${number}`).join(" ")}`];
}

function describeService(service: ServiceDescriptorProto, scope: string): string[] {
  return [
    `service ${scope}${service.name}`,
    ...service.method.map((method) => {
      const { inputType, outputType, clientStreaming, serverStreaming, options } = method;
      const level = options?.idempotencyLevel ?? 0;
      const flags = `${clientStreaming} ${serverStreaming} ${level > 0} ${options?.deprecated === true}`;
      return `method ${scope}${service.name}.${method.name} ${inputType} ${outputType} ${flags}`;
    }),
  ];
}
