import type { JsonSchema } from "../config/json-schema.ts";
import type { FieldDescription, NamedType, TypeDescription } from "./describe-types.ts";
import { identifierOf, JsonDocument, objectOf, type ReferenceTarget, textOf } from "./json-document.ts";
import { defined, type NamedTypes, without } from "./named-types.ts";
import type { SchemaSide } from "./schema-json.ts";

/** What {@link describeJsonSchema} adds to. */
export interface JsonTypesTarget {
  readonly types: NamedTypes;
  /** Names that types of schemas have, by what they say of themselves: one name and text, one type. */
  readonly shared: Map<string, string>;
}

/** Which schema is described, and what its type is called if it is an object that has no name of its own. */
export interface JsonTypesSource {
  readonly schema: JsonSchema;
  readonly name: string;
  readonly side: SchemaSide;
}

/** Describes a JSON Schema; the types that it defines are added to the target. */
export function describeJsonSchema(source: JsonTypesSource, target: JsonTypesTarget): TypeDescription {
  return new Reader(source, target).read(source.schema, source.name);
}

/** Keywords that the shape of a description stands for, or that mean nothing outside their document. */
const STRUCTURE = new Set([
  "$schema",
  "$id",
  "$defs",
  "definitions",
  "title",
  "description",
  "deprecated",
  "type",
]);
const OBJECT = new Set([...STRUCTURE, "properties", "required", "additionalProperties"]);

const SCALARS = {
  string: "string",
  number: "number",
  integer: "integer",
  boolean: "boolean",
  null: "null",
} as const;

class Reader {
  readonly #document: JsonDocument;
  readonly #side: SchemaSide;
  readonly #target: JsonTypesTarget;
  /** Names of what is described or being described. */
  readonly #names = new Map<JsonSchema, string>();
  readonly #unfolding = new Set<JsonSchema>();

  constructor({ schema, side }: JsonTypesSource, target: JsonTypesTarget) {
    this.#document = new JsonDocument(schema);
    this.#side = side;
    this.#target = target;
  }

  read(schema: unknown, name: string): TypeDescription {
    if (typeof schema !== "object" || schema === null) return { kind: "unknown" };
    const node = schema as JsonSchema;
    if (typeof node.$ref === "string") return this.#reference(node.$ref, node, name);
    if (node.const !== undefined)
      return this.#detailed({ kind: "choice", values: [node.const] }, node, ["const"]);
    if (Array.isArray(node.enum))
      return this.#detailed({ kind: "choice", values: node.enum }, node, ["enum"]);
    const branches = node.anyOf ?? node.oneOf;
    if (Array.isArray(branches)) return this.#union(branches, node, name);
    if (Array.isArray(node.allOf)) return this.#all(node.allOf, node, name);
    if (Array.isArray(node.type)) {
      const { description, title, default: preset, ...rest } = node;
      const of = (node.type as readonly unknown[]).map((type) => this.read({ ...rest, type }, name));
      return this.#detailed({ kind: "union", of }, defined({ description, title, default: preset }), []);
    }
    if (node.type === "object" || node.properties !== undefined) return this.#object(node, name);
    if (node.type === "array" && node.prefixItems === undefined) {
      return this.#detailed({ kind: "list", of: this.read(node.items, name) }, node, ["items"]);
    }
    const scalar = SCALARS[node.type as keyof typeof SCALARS] as string | undefined;
    return scalar === undefined
      ? this.#open(node)
      : this.#detailed({ kind: "scalar", scalar: scalar as keyof typeof SCALARS }, node, []);
  }

  /** What no shape fits: the keywords are kept, their references lead to the descriptor's types. */
  #open(node: JsonSchema): TypeDescription {
    const rest = without(node, ["description", "$schema", "$id", "$defs", "definitions"]);
    const constraints = this.#rewrite(rest) as JsonSchema;
    return defined({
      kind: "unknown" as const,
      description: textOf(node.description),
      constraints: Object.keys(constraints).length === 0 ? undefined : constraints,
    });
  }

  #rewrite(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((entry) => this.#rewrite(entry));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        key,
        key === "$ref" && typeof entry === "string" ? this.#rewriteReference(entry) : this.#rewrite(entry),
      ]),
    );
  }

  #rewriteReference(ref: string): string {
    const target = this.#document.resolve(ref);
    // What leads nowhere stays as it is: the schema was wrong before.
    return target === undefined ? ref : `#/$defs/${this.#named(target, "Type")}`;
  }

  #detailed(type: TypeDescription, node: JsonSchema, handled: readonly string[]): TypeDescription {
    const rest = Object.entries(node).filter(([key]) => !STRUCTURE.has(key) && !handled.includes(key));
    return defined({
      ...type,
      description: textOf(node.description),
      constraints: rest.length === 0 ? undefined : (this.#rewrite(Object.fromEntries(rest)) as JsonSchema),
    });
  }

  #reference(ref: string, node: JsonSchema, place: string): TypeDescription {
    const target = this.#document.resolve(ref);
    if (target === undefined) return { kind: "unknown" };
    const { schema } = target;
    // A type without a name is described where it is used, unless it is inside of itself.
    if (target.name === undefined && schema.properties === undefined && !this.#unfolding.has(schema)) {
      this.#unfolding.add(schema);
      const type = this.read({ ...schema, ...without(node, ["$ref"]) }, place);
      this.#unfolding.delete(schema);
      return type;
    }
    return this.#detailed({ kind: "named", name: this.#named(target, place) }, node, ["$ref"]);
  }

  /** The name of the type that a reference leads to, described if it was not yet; `place` is its name if it has none. */
  #named({ schema, name }: ReferenceTarget, place: string): string {
    return (
      this.#names.get(schema) ?? this.#define(schema, name ?? place, (kept) => this.#names.set(schema, kept))
    );
  }

  /** `keep` is told the name before the type is read, because the type may refer to itself. */
  #define(schema: JsonSchema, preferred: string, keep: (name: string) => void): string {
    const { types, shared } = this.#target;
    const text = `${preferred} ${this.#document.closure(schema)}`;
    const known = shared.get(text);
    if (known !== undefined) {
      keep(known);
      return known;
    }
    // The two sides of a schema differ where it has defaults or transforms.
    const name = types.reserve(
      this.#side === "output" && types.has(preferred) ? `${preferred}Output` : preferred,
    );
    shared.set(text, name);
    keep(name);
    types.set(this.#definition(schema, name));
    return name;
  }

  #definition(schema: JsonSchema, name: string): NamedType {
    const common = defined({
      name,
      shortName: name,
      description: textOf(schema.description),
      deprecated: schema.deprecated === true,
    });
    const isObject =
      schema.properties !== undefined && schema.anyOf === undefined && schema.oneOf === undefined;
    if (!isObject || schema.allOf !== undefined) {
      return { ...common, kind: "alias", type: this.read({ ...schema, description: undefined }, name) };
    }
    const { additionalProperties } = schema;
    const rest =
      typeof additionalProperties === "object" ? this.read(additionalProperties, `${name}Rest`) : undefined;
    const constraints = Object.entries(schema).filter(([key]) => !OBJECT.has(key));
    return defined({
      ...common,
      kind: "object" as const,
      fields: this.#fields(schema, name),
      // What comes out is never closed: readers of a reply leave room for what later versions add.
      closed: this.#side === "input" && additionalProperties === false,
      rest,
      message: false,
      constraints:
        constraints.length === 0 ? undefined : (this.#rewrite(Object.fromEntries(constraints)) as JsonSchema),
    });
  }

  #fields(schema: JsonSchema, owner: string): readonly FieldDescription[] {
    const required = new Set(Array.isArray(schema.required) ? (schema.required as readonly string[]) : []);
    return Object.entries(objectOf(schema.properties)).map(([name, property]) => {
      const { description, ...type } = this.read(property, `${owner}${pascalCase(name)}`);
      return defined({
        name,
        type: type as TypeDescription,
        required: required.has(name),
        deprecated: objectOf(property).deprecated === true,
        description,
      });
    });
  }

  #object(node: JsonSchema, name: string): TypeDescription {
    const { properties, additionalProperties } = node;
    if (properties === undefined) {
      const of = this.read(additionalProperties, `${name}Value`);
      const plainKeys = JSON.stringify(node.propertyNames) === '{"type":"string"}';
      const handled = ["additionalProperties", ...(plainKeys ? ["propertyNames"] : [])];
      return this.#detailed({ kind: "map", key: "string", of }, node, handled);
    }
    const own = identifierOf(node.title);
    const { default: preset, ...schema } = node;
    const constraints = preset === undefined ? undefined : { default: preset };
    const named =
      this.#names.get(node) ?? this.#define(schema, own ?? name, (kept) => this.#names.set(node, kept));
    return defined({ kind: "named" as const, name: named, constraints });
  }

  #union(branches: readonly unknown[], node: JsonSchema, name: string): TypeDescription {
    const keyword = node.anyOf === undefined ? "oneOf" : "anyOf";
    const beside = Object.keys(node).filter((key) => !STRUCTURE.has(key) && key !== keyword);
    if (beside.some((key) => key !== "default" && key !== "examples")) return this.#open(node);
    const objects = branches.filter((branch) => objectOf(branch).properties !== undefined).length;
    const of = branches.map((branch, index) => this.read(branch, objects > 1 ? `${name}${index + 1}` : name));
    return this.#detailed(of.length === 1 ? (of[0] as TypeDescription) : { kind: "union", of }, node, [
      keyword,
    ]);
  }

  /** All of several: objects are taken together, anything else stays as it is written. */
  #all(parts: readonly unknown[], node: JsonSchema, name: string): TypeDescription {
    const beside = without(node, ["allOf"]);
    const single = parts.length === 1 ? objectOf(parts[0]) : undefined;
    if (single !== undefined) return this.read({ ...single, ...beside }, name);
    const objects = parts.map(objectOf);
    const simple = objects.every((part) => part.properties !== undefined && part.allOf === undefined);
    if (!simple || Object.keys(beside).some((key) => !STRUCTURE.has(key))) return this.#open(node);
    return this.read(
      {
        ...beside,
        type: "object",
        properties: Object.assign({}, ...objects.map((part) => objectOf(part.properties))) as JsonSchema,
        required: objects.flatMap((part) =>
          Array.isArray(part.required) ? (part.required as string[]) : [],
        ),
      },
      name,
    );
  }
}

/** `order-line` as `OrderLine`. */
function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
