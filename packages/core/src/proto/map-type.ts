import type { NamedType, TypeDescription } from "../descriptor/describe-types.ts";
import type { Finding } from "./proto-model.ts";

/** The `.proto` file of JSON's own types. */
export const STRUCT_FILE = "google/protobuf/struct.proto";
/** Any JSON value. */
export const VALUE = "google.protobuf.Value";
/** Any JSON object. */
export const STRUCT = "google.protobuf.Struct";

/** What is the same for all types of a file. */
export interface Mapping {
  readonly types: Readonly<Record<string, NamedType>>;
  /** The message of a type. */
  readonly messageOf: (typeName: string) => string;
  /** Whether texts that are one of a few become an enum; else they stay texts. */
  readonly enums: boolean;
  readonly findings: Finding[];
}

/** What a value is in a `.proto`. */
export interface MappedType {
  /** `double`, `Item`, `map<string, Item>`. */
  readonly type: string;
  readonly repeated: boolean;
  /** True for scalars and enums: only with `optional` their absence differs from their zero. */
  readonly hasZero: boolean;
  readonly nullable: boolean;
  /** The texts of an enum that is wanted for the field. */
  readonly choices?: readonly string[];
  /** What the type does not say by itself. */
  readonly notes: readonly string[];
}

const PLAIN = { repeated: false, hasZero: false, nullable: false, notes: [] } as const;

/** Maps a type. What Protocol Buffers have no type for becomes any JSON value, with a finding that says so. */
export function mapType(type: TypeDescription, path: string, mapping: Mapping): MappedType {
  const { inner, nullable } = unwrap(type, mapping);
  const mapped = mapInner(inner, path, mapping);
  return nullable ? { ...mapped, nullable } : mapped;
}

function mapInner(type: TypeDescription, path: string, mapping: Mapping): MappedType {
  switch (type.kind) {
    case "scalar":
      return type.scalar === "null" ? anyJson(path, "only null fits", mapping) : scalar(type);
    case "choice":
      return choice(type.values, path, mapping);
    case "named":
      return { ...PLAIN, type: mapping.messageOf(type.name) };
    case "list":
      return list(type.of, path, mapping);
    case "map":
      return map(type.of, path, mapping);
    case "union":
      return anyJson(path, "it is one of several types", mapping);
    case "unknown":
      return anyJson(path, unknownReason(type), mapping);
  }
}

function unknownReason({ constraints }: TypeDescription): string {
  return constraints === undefined
    ? "its schema does not say what it is (a Date, a bigint, any, a transform)"
    : "it has no type there (a tuple, an intersection)";
}

function anyJson(path: string, why: string, { findings }: Mapping): MappedType {
  findings.push({ path, text: `${VALUE}, any JSON value: ${why}` });
  return { ...PLAIN, type: VALUE };
}

function scalar(type: TypeDescription & { kind: "scalar" }): MappedType {
  const { scalar: name, constraints = {} } = type;
  const found = (proto: string, ...notes: string[]): MappedType => ({
    ...PLAIN,
    type: proto,
    hasZero: true,
    notes,
  });
  if (name === "boolean") return found("bool");
  if (name === "number") return found("double");
  if (name === "integer") return integer(constraints.minimum, constraints.maximum, found);
  const { format } = constraints;
  return typeof format === "string" ? found("string", `Format: ${format}.`) : found("string");
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const MAX_UINT32 = 2 ** 32 - 1;

/** 64-bit integers are texts in proto3 JSON, which no schema of numbers takes: a double holds the whole numbers that JSON has. */
function integer(
  min: unknown,
  max: unknown,
  found: (type: string, ...notes: string[]) => MappedType,
): MappedType {
  if (typeof min === "number" && typeof max === "number") {
    if (min >= INT32.min && max <= INT32.max) return found("int32");
    if (min >= 0 && max <= MAX_UINT32) return found("uint32");
  }
  return found("double", "A whole number.");
}

function choice(values: readonly unknown[], path: string, mapping: Mapping): MappedType {
  const all = (type: string) => values.every((value) => typeof value === type);
  const notes = [
    `${values.length === 1 ? "Always" : "One of"} ${values.map((value) => JSON.stringify(value)).join(", ")}.`,
  ];
  const found = { ...PLAIN, hasZero: true };
  if (all("string")) {
    // One text is the mark of a kind, and no choice.
    return mapping.enums && values.length > 1
      ? { ...found, type: "string", choices: values as readonly string[] }
      : { ...found, type: "string", notes };
  }
  if (all("boolean")) return { ...found, type: "bool", notes: values.length === 1 ? notes : [] };
  if (all("number")) {
    const small = values.every((value) => Number.isInteger(value) && Math.abs(value as number) <= INT32.max);
    return { ...found, type: small ? "int32" : "double", notes };
  }
  return anyJson(path, "it is one of values of several types", mapping);
}

/** What may stand in a list or a map: proto3 JSON has neither null nor lists nor maps there. */
function element(type: TypeDescription, path: string, mapping: Mapping): MappedType {
  const { inner, nullable } = unwrap(type, mapping);
  if (nullable) return anyJson(path, "there may be null in between", mapping);
  // Asked before its own elements are: a list may be inside of itself.
  if (inner.kind === "list") return anyJson(path, "it is a list inside a list or a map", mapping);
  if (inner.kind === "map") return anyJson(path, "it is a map inside a list or a map", mapping);
  return mapInner(inner, path, mapping);
}

function list(of: TypeDescription, path: string, mapping: Mapping): MappedType {
  return { ...element(of, `${path}[]`, mapping), hasZero: false, repeated: true };
}

function map(of: TypeDescription, path: string, mapping: Mapping): MappedType {
  if (unwrap(of, mapping).inner.kind === "unknown") return { ...PLAIN, type: STRUCT };
  // Without an enum: the values of a map have no field to name it after.
  const mapped = element(of, `${path}{}`, { ...mapping, enums: false });
  return { ...mapped, hasZero: false, type: `map<string, ${mapped.type}>` };
}

/** Without aliases, and without the null that it may be instead. */
function unwrap(
  type: TypeDescription,
  { types }: Mapping,
): { readonly inner: TypeDescription; readonly nullable: boolean } {
  const seen = new Set<NamedType>();
  let nullable = false;
  for (let inner = type; ; ) {
    if (inner.kind === "named") {
      const named = types[inner.name];
      if (named?.kind !== "alias") return { inner, nullable };
      // A type made of nothing but itself and lists of itself.
      if (seen.has(named)) return { inner: { kind: "unknown" }, nullable };
      seen.add(named);
      inner = named.type;
      continue;
    }
    const others = withoutNull(inner);
    if (others === undefined) return { inner, nullable };
    nullable = true;
    inner = others;
  }
}

/** The type without the null among its members; undefined if there is none, or nothing else. */
function withoutNull(type: TypeDescription): TypeDescription | undefined {
  if (type.kind === "choice" && type.values.includes(null) && type.values.length > 1) {
    return { ...type, values: type.values.filter((value) => value !== null) };
  }
  if (type.kind !== "union") return undefined;
  const others = type.of.filter((member) => !isNull(member));
  const [only] = others;
  if (only === undefined || others.length === type.of.length) return undefined;
  return others.length === 1 ? only : { ...type, of: others };
}

function isNull(type: TypeDescription): boolean {
  return type.kind === "scalar" && type.scalar === "null";
}
