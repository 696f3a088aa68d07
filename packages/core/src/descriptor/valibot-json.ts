import type { JsonSchema } from "../config/json-schema.ts";
import { defined } from "./named-types.ts";
import type { SchemaSide } from "./schema-json.ts";

/** What is looked at of valibot's schemas and actions; the library itself is not needed. */
interface ValibotNode {
  readonly kind: "schema" | "validation" | "transformation" | "metadata";
  readonly type: string;
  readonly pipe?: readonly ValibotNode[];
  readonly entries?: Readonly<Record<string, ValibotNode>>;
  readonly rest?: ValibotNode;
  readonly item?: ValibotNode;
  readonly items?: readonly ValibotNode[];
  readonly key?: ValibotNode;
  readonly value?: unknown;
  readonly wrapped?: ValibotNode;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly default?: unknown;
  readonly requirement?: unknown;
  readonly description?: string;
  readonly title?: string;
  readonly getter?: (input: unknown) => ValibotNode;
}

/** True for a schema of valibot, by what it looks like: `{ kind: "schema", type: "object", … }`. */
export function isValibot(schema: object): boolean {
  const node = schema as Partial<ValibotNode>;
  return node.kind === "schema" && typeof node.type === "string";
}

/** Lazy schemas of one root; more of them are left open: a getter may make a new one each time, without end. */
const MAX_LAZY = 50;

/** What stays the same while one root is read. */
interface Reading {
  readonly root: ValibotNode;
  readonly side: SchemaSide;
  readonly defs: Record<string, JsonSchema>;
  readonly names: Map<ValibotNode, string>;
}

/** The JSON Schema of a valibot schema; parts that have none are left open. */
export function valibotJsonSchema(schema: object, side: SchemaSide): JsonSchema {
  const reading: Reading = { root: schema as ValibotNode, side, defs: {}, names: new Map() };
  const root = schemaOf(reading.root, reading);
  return reading.names.size === 0 ? root : { ...root, $defs: reading.defs };
}

function lazySchema(node: ValibotNode, reading: Reading): JsonSchema {
  const { root, names, defs } = reading;
  const target = node.getter?.(undefined);
  if (target === undefined) return {};
  if (target === root) return { $ref: "#" };
  let name = names.get(target);
  if (name === undefined) {
    if (names.size >= MAX_LAZY) return {};
    name = `__schema${names.size}`;
    names.set(target, name);
    defs[name] = schemaOf(target, reading);
  }
  return { $ref: `#/$defs/${name}` };
}

function schemaOf(node: ValibotNode, reading: Reading): JsonSchema {
  const { side } = reading;
  if (node.pipe !== undefined) return pipeSchema(node.pipe, reading);
  const below = (child: ValibotNode | undefined): JsonSchema =>
    child === undefined ? {} : schemaOf(child, reading);
  switch (node.type) {
    case "string":
    case "number":
    case "boolean":
    case "null":
      return { type: node.type };
    case "picklist":
      return { enum: node.options };
    case "literal":
      return isPlain(node.literal) ? { const: node.literal } : {};
    case "object":
    case "strict_object":
    case "loose_object":
    case "object_with_rest":
      return objectSchema(node, side, below);
    case "record":
      return { type: "object", additionalProperties: below(node.value as ValibotNode | undefined) };
    case "array":
      return { type: "array", items: below(node.item) };
    case "tuple":
    case "strict_tuple":
      return { type: "array", prefixItems: (node.items ?? []).map(below), minItems: node.items?.length ?? 0 };
    case "union":
    case "variant":
      return { anyOf: ((node.options ?? []) as readonly ValibotNode[]).map(below) };
    case "lazy":
      return lazySchema(node, reading);
    case "nullable":
    case "nullish":
      return withDefault({ anyOf: [below(node.wrapped), { type: "null" }] }, node);
    case "optional":
    case "exact_optional":
    case "undefinedable":
      return withDefault(below(node.wrapped), node);
    default:
      return node.wrapped === undefined ? {} : below(node.wrapped);
  }
}

function objectSchema(
  node: ValibotNode,
  side: SchemaSide,
  below: (child: ValibotNode) => JsonSchema,
): JsonSchema {
  const entries = Object.entries(node.entries ?? {});
  const required = entries.filter(([, entry]) => !mayBeMissing(entry, side)).map(([key]) => key);
  return defined({
    type: "object",
    properties: Object.fromEntries(entries.map(([key, entry]) => [key, below(entry)])),
    required: required.length === 0 ? undefined : required,
    additionalProperties:
      node.type === "strict_object" ? false : node.rest === undefined ? undefined : below(node.rest),
  });
}

const OPTIONAL = new Set(["optional", "exact_optional", "nullish", "undefinedable"]);

/** A property with a default may be missing where it is given, and never is where it comes out. */
function mayBeMissing(node: ValibotNode, side: SchemaSide): boolean {
  const first = node.pipe?.[0] ?? node;
  return OPTIONAL.has(first.type) && (side === "input" || first.default === undefined);
}

function withDefault(schema: JsonSchema, node: ValibotNode): JsonSchema {
  return isPlain(node.default) ? { ...schema, default: node.default } : schema;
}

function isPlain(value: unknown): boolean {
  return (
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  );
}

/** The first schema of a pipe is what goes in; what comes out is known as long as nothing transforms it. */
function pipeSchema(pipe: readonly ValibotNode[], reading: Reading): JsonSchema {
  const { side } = reading;
  let schema: JsonSchema = {};
  for (const node of pipe) {
    if (node.kind === "schema") {
      if (node !== pipe[0] && side === "input") break;
      schema = schemaOf(node, reading);
    } else if (node.kind === "transformation" && !KEEPS_TYPE.has(node.type)) {
      if (side === "input") break;
      schema = {};
    } else {
      schema = { ...schema, ...keywordsOf(node, schema) };
    }
  }
  return schema;
}

const KEEPS_TYPE = new Set([
  "trim",
  "trim_start",
  "trim_end",
  "to_lower_case",
  "to_upper_case",
  "normalize",
  "readonly",
  "brand",
]);

function keywordsOf({ type, requirement, description, title }: ValibotNode, schema: JsonSchema): JsonSchema {
  const list = schema.type === "array";
  switch (type) {
    case "integer":
    case "safe_integer":
      return { type: "integer" };
    case "min_value":
      return typeof requirement === "number" ? { minimum: requirement } : {};
    case "max_value":
      return typeof requirement === "number" ? { maximum: requirement } : {};
    case "min_length":
      return { [list ? "minItems" : "minLength"]: requirement };
    case "max_length":
      return { [list ? "maxItems" : "maxLength"]: requirement };
    case "non_empty":
      return { [list ? "minItems" : "minLength"]: 1 };
    case "regex":
      return requirement instanceof RegExp && requirement.flags === "" ? { pattern: requirement.source } : {};
    case "email":
    case "uuid":
    case "url":
      return { format: type === "url" ? "uri" : type };
    case "iso_timestamp":
      return { format: "date-time" };
    case "iso_date":
      return { format: "date" };
    case "description":
      return { description };
    case "title":
      return { title };
    default:
      return {};
  }
}
