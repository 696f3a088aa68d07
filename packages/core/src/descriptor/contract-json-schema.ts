import type { JsonSchema } from "../config/json-schema.ts";
import type { Contract } from "../contract.ts";
import type { ScalarType } from "../message/descriptor.ts";
import type { FieldDescription, NamedType, ServiceDescriptor, TypeDescription } from "./describe-types.ts";
import { defined } from "./named-types.ts";
import { serviceDescriptor } from "./service-descriptor.ts";

/**
 * The messages of a contract as JSON Schema (draft 2020-12): `$defs` has `Greeter.Hello.request` and
 * `Greeter.Hello.reply` for each method, and every type that has a name. Message types are described in proto3 JSON.
 */
export function contractJsonSchema(contract: Contract | ServiceDescriptor): JsonSchema {
  // Only a descriptor has types; a contract's methods are an object.
  const descriptor = "types" in contract ? contract : serviceDescriptor(contract);
  const { typeName, description, methods, types } = descriptor;
  const defs: Record<string, JsonSchema> = {};
  for (const { endpoint, request, reply } of methods) {
    defs[`${endpoint}.request`] = typeSchema(request);
    defs[`${endpoint}.reply`] = typeSchema(reply);
  }
  for (const type of Object.values(types)) defs[type.name] = namedSchema(type);
  return defined({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: typeName,
    description,
    $defs: defs,
  });
}

function typeSchema(type: TypeDescription): JsonSchema {
  return defined({ ...shapeSchema(type), ...type.constraints, description: type.description });
}

function shapeSchema(type: TypeDescription): JsonSchema {
  switch (type.kind) {
    case "scalar":
      return SCALARS[type.scalar];
    case "list":
      return { type: "array", items: typeSchema(type.of) };
    case "map":
      return defined({
        type: "object",
        propertyNames: type.key === "string" ? undefined : { pattern: KEY_PATTERNS[type.key] ?? INTEGER },
        additionalProperties: typeSchema(type.of),
      });
    case "choice":
      return type.values.length === 1 ? { const: type.values[0] } : { enum: type.values };
    case "union":
      return { anyOf: type.of.map(typeSchema) };
    case "named":
      return { $ref: `#/$defs/${type.name}` };
    case "unknown":
      return {};
  }
}

function namedSchema(type: NamedType): JsonSchema {
  const details = defined({
    description: type.description,
    deprecated: type.deprecated ? true : undefined,
  });
  const wellKnown = WELL_KNOWN[type.name];
  if (wellKnown !== undefined) return { ...wellKnown, ...details };
  switch (type.kind) {
    case "alias":
      return { ...typeSchema(type.type), ...details };
    case "enum":
      // Enums of proto3 are open: a number that has no name yet is written as it is.
      return {
        anyOf: [{ enum: type.values.map(({ name }) => name) }, { type: "integer", ...INT32 }],
        ...details,
      };
    case "object":
      return { ...objectSchema(type), ...details };
  }
}

function objectSchema({ fields, closed, rest, constraints }: NamedType & { kind: "object" }): JsonSchema {
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  const exclusive = oneofPairs(fields);
  return defined({
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)])),
    required: required.length === 0 ? undefined : required,
    additionalProperties: closed ? false : rest === undefined ? undefined : typeSchema(rest),
    not: exclusive.length === 0 ? undefined : { anyOf: exclusive.map((pair) => ({ required: pair })) },
    ...constraints,
  });
}

function fieldSchema({ type, description, deprecated }: FieldDescription): JsonSchema {
  return defined({
    ...typeSchema(type),
    ...(description === undefined ? {} : { description }),
    ...(deprecated ? { deprecated } : {}),
  });
}

/** Any two fields of one oneof: both together are refused. */
function oneofPairs(fields: readonly FieldDescription[]): readonly (readonly [string, string])[] {
  return fields.flatMap((one, index) =>
    fields
      .slice(index + 1)
      .filter(({ proto }) => proto?.oneof !== undefined && proto.oneof === one.proto?.oneof)
      .map((other) => [one.name, other.name] as const),
  );
}

const INTEGER = "^-?\\d+$";
const INT32 = { minimum: -2_147_483_648, maximum: 2_147_483_647 } as const;
const KEY_PATTERNS: Readonly<Record<string, string>> = { bool: "^(true|false)$" };

const int32: JsonSchema = { type: "integer", ...INT32 };
const uint32: JsonSchema = { type: "integer", minimum: 0, maximum: 4_294_967_295 };
/** Written as text, because JSON numbers of many readers are doubles; read as either. */
const int64: JsonSchema = { anyOf: [{ type: "string", pattern: INTEGER }, { type: "integer" }] };
const uint64: JsonSchema = {
  anyOf: [
    { type: "string", pattern: "^\\d+$" },
    { type: "integer", minimum: 0 },
  ],
};
const float: JsonSchema = { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }] };
const bytes: JsonSchema = { type: "string", contentEncoding: "base64" };

const SCALARS: Readonly<Record<ScalarType | "number" | "integer" | "boolean" | "null", JsonSchema>> = {
  string: { type: "string" },
  number: { type: "number" },
  integer: { type: "integer" },
  boolean: { type: "boolean" },
  null: { type: "null" },
  bool: { type: "boolean" },
  bytes,
  double: float,
  float,
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
};

/** Types with a JSON form of their own. */
const WELL_KNOWN: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Any": {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
  },
  "google.protobuf.Duration": { type: "string", pattern: "^-?\\d+(\\.\\d{1,9})?s$" },
  "google.protobuf.FieldMask": { type: "string" },
  "google.protobuf.ListValue": { type: "array" },
  "google.protobuf.NullValue": { type: "null" },
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Value": {},
  "google.protobuf.BoolValue": SCALARS.bool,
  "google.protobuf.BytesValue": bytes,
  "google.protobuf.DoubleValue": float,
  "google.protobuf.FloatValue": float,
  "google.protobuf.Int32Value": int32,
  "google.protobuf.Int64Value": int64,
  "google.protobuf.StringValue": SCALARS.string,
  "google.protobuf.UInt32Value": uint32,
  "google.protobuf.UInt64Value": uint64,
};
