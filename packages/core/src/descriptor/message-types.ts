import {
  type AnyMessageType,
  descriptorOf,
  type EnumType,
  enumDescriptorOf,
  type Field,
  isMessageType,
  type ScalarType,
} from "../message/descriptor.ts";
import type { FieldDescription, TypeDescription } from "./describe-types.ts";
import { defined, type NamedTypes } from "./named-types.ts";

/** Describes a message type; it and what it uses are added to `types`. */
export function describeMessage(type: AnyMessageType, types: NamedTypes): TypeDescription {
  const { typeName: name, name: inFile, description, deprecated, fields } = descriptorOf(type);
  if (!types.has(name)) {
    types.reserve(name);
    types.set(
      defined({
        name,
        shortName: shortName(inFile),
        kind: "object" as const,
        description,
        deprecated,
        message: true,
        closed: true,
        fields: fields.map((field) => describeField(field, types)),
      }),
    );
  }
  return { kind: "named", name };
}

function describeField(field: Field, types: NamedTypes): FieldDescription {
  const { key, name, jsonName, number, presence, oneof, deprecated, description, shape, mapKey } = field;
  const single = describeValue(field.type, types);
  return defined({
    name: jsonName,
    type:
      shape === "repeated"
        ? { kind: "list" as const, of: single }
        : mapKey === undefined
          ? withDefault(single, field)
          : { kind: "map" as const, key: mapKey, of: single },
    required: presence === "required",
    deprecated,
    description,
    proto: defined({ name, number, property: key, presence, oneof }),
  });
}

/** What proto2 says of absent fields. A bigint is written as proto3 JSON writes it. */
function withDefault(type: TypeDescription, { default: value }: Field): TypeDescription {
  if (value === undefined) return type;
  return { ...type, constraints: { default: typeof value === "bigint" ? value.toString() : value } };
}

function describeValue(type: ScalarType | EnumType | AnyMessageType, types: NamedTypes): TypeDescription {
  if (typeof type === "string") return { kind: "scalar", scalar: type };
  return isMessageType(type) ? describeMessage(type, types) : describeEnum(type, types);
}

function describeEnum(type: EnumType, types: NamedTypes): TypeDescription {
  const { typeName: name, name: inFile, description, values } = enumDescriptorOf(type);
  if (!types.has(name)) {
    types.reserve(name);
    types.set(
      defined({
        name,
        shortName: shortName(inFile),
        kind: "enum" as const,
        description,
        deprecated: false,
        values: values.map(([valueName, number]) => ({ name: valueName, number })),
      }),
    );
  }
  return { kind: "named", name };
}

/** A nested type's name in Go. */
function shortName(inFile: string): string {
  return inFile.replaceAll(".", "_");
}
