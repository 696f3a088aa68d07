import type { FieldDescription, NamedType, ServiceDescriptor, TypeDescription } from "@micro/core/describe";

/** A type description for people and gateways (spec 3.1). */
export interface ValueDescription {
  readonly name: string;
  readonly type: string;
  readonly values: readonly ValueDescription[] | null;
}

type Types = ServiceDescriptor["types"];

/** Levels of a tree, the message itself among them (spec 3.1). */
const MAX_LEVELS = 3;

/** The tree of a request or reply. `fallback` is its name where its type has none. */
export function requestValue(type: TypeDescription, types: Types, fallback: string): ValueDescription {
  const target = followed(type, types);
  if (target.kind === "unknown") return { name: fallback, type: fallback, values: null };
  const { type: goName, values } = treeOf(fallback, target, { types, level: 1 });
  return target.kind === "named"
    ? { name: goName, type: goName, values }
    : { name: fallback, type: goName, values };
}

interface Place {
  readonly types: Types;
  readonly level: number;
}

function treeOf(name: string, type: TypeDescription, place: Place): ValueDescription {
  const { types, level } = place;
  const target = followed(type, types);
  if (target.kind === "list" && followed(target.of, types).kind !== "list") {
    // Go shows the type of the elements alone; their fields are worth knowing as well.
    const element = treeOf(name, target.of, place);
    return { ...element, type: `[]${element.type}` };
  }
  const named = target.kind === "named" ? types[target.name] : undefined;
  const values =
    named?.kind === "object" && level < MAX_LEVELS
      ? named.fields.map((field) => fieldValue(field, { types, level: level + 1 }))
      : null;
  return { name, type: goType(target, types), values };
}

function fieldValue({ name, proto, type }: FieldDescription, place: Place): ValueDescription {
  // The JSON tags of Go's generated structs are the names of the .proto file.
  return treeOf(proto?.name ?? name, type, place);
}

/** Without aliases, and without the null that a value may also be, which Go writes as a pointer and shows as its type. */
function followed(type: TypeDescription, types: Types): TypeDescription {
  const seen = new Set<NamedType>();
  for (let current = type; ; ) {
    if (current.kind === "named") {
      const named = types[current.name];
      if (named?.kind !== "alias" || seen.has(named)) return current;
      seen.add(named);
      current = named.type;
      continue;
    }
    if (current.kind !== "union") return current;
    const [only, ...others] = current.of.filter((one) => !(one.kind === "scalar" && one.scalar === "null"));
    if (only === undefined || others.length > 0) return current;
    current = only;
  }
}

/** Go's names of the types that have another name in Protocol Buffers or JSON. */
const GO_NAMES: Readonly<Record<string, string>> = {
  double: "float64",
  float: "float32",
  number: "float64",
  integer: "int64",
  boolean: "bool",
  sint32: "int32",
  sfixed32: "int32",
  fixed32: "uint32",
  sint64: "int64",
  sfixed64: "int64",
  fixed64: "uint64",
  bytes: "[]uint8",
  null: "interface",
};

function goType(type: TypeDescription, types: Types, level = 1): string {
  // A list may be inside of itself.
  if (level > MAX_LEVELS) return "interface";
  const below = (inner: TypeDescription) => goType(followed(inner, types), types, level + 1);
  switch (type.kind) {
    case "scalar":
      return GO_NAMES[type.scalar] ?? type.scalar;
    case "named":
      return types[type.name]?.shortName ?? type.name;
    case "map":
      return `map[${GO_NAMES[type.key] ?? type.key}]${below(type.of)}`;
    case "list":
      return `[]${below(type.of)}`;
    case "choice":
      return type.values.every((value) => typeof value === "string") ? "string" : "interface";
    case "union":
    case "unknown":
      return "interface";
  }
}
