import type { JsonSchema } from "../config/json-schema.ts";
import { without } from "./named-types.ts";

/** What a reference leads to. */
export interface ReferenceTarget {
  readonly schema: JsonSchema;
  /** What the type calls itself; undefined where its key was made up. */
  readonly name: string | undefined;
}

/** Keys of `$defs` that libraries make up: no names. Those of arktype are other ones in each run. */
const GENERATED = /^(?:__schema|alias|domain|intersection|morph|proto|structure|union|unit)?\d*$/;

/** A JSON Schema with its definitions. */
export class JsonDocument {
  readonly #root: JsonSchema;
  readonly #defs: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
    this.#defs = { ...objectOf(root.definitions), ...objectOf(root.$defs) };
  }

  /** What `#` or `#/$defs/Name` leads to; undefined for anything else. */
  resolve(ref: string): ReferenceTarget | undefined {
    if (ref === "#") return { schema: this.#root, name: identifierOf(this.#root.title) };
    const key = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(ref)?.[1];
    const schema = key === undefined ? undefined : this.#defs[key];
    if (key === undefined || typeof schema !== "object" || schema === null) return undefined;
    const name =
      identifierOf((schema as JsonSchema).title) ?? (GENERATED.test(key) ? undefined : identifierOf(key));
    return { schema: schema as JsonSchema, name };
  }

  /** The text of a schema with all that it refers to: what it is, wherever it stands. */
  closure(schema: JsonSchema): string {
    const seen = new Map<string, JsonSchema | undefined>();
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, entry] of Object.entries(value)) {
        if (key === "$ref" && typeof entry === "string") {
          if (seen.has(entry)) continue;
          const target = this.resolve(entry)?.schema;
          seen.set(entry, target);
          visit(target);
        } else if (key !== "$defs") visit(entry);
      }
    };
    const own = without(schema, ["$defs", "$schema"]);
    visit(own);
    // Zod says of all it puts out that there is nothing else in it: that makes no other type of it.
    return JSON.stringify([own, [...seen]]).replaceAll(',"additionalProperties":false', "");
  }
}

/** The value, if it is an object, else an empty one. */
export function objectOf(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? (value as JsonSchema) : {};
}

/** The value, if it is a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A name for a type, from what a schema calls itself; undefined when that is no name. */
export function identifierOf(text: unknown): string | undefined {
  return typeof text === "string" && /^[A-Za-z_]\w*$/.test(text) ? text : undefined;
}
