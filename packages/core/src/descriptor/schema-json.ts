import type { JsonSchema } from "../config/json-schema.ts";
import type { StandardSchema } from "../standard-schema.ts";
import { isValibot, valibotJsonSchema } from "./valibot-json.ts";

/** Which side of a schema: what is given to it, or what it gives. */
export type SchemaSide = "input" | "output";

/** The part of Standard JSON Schema (standardschema.dev, version 1) that is used: a schema that can say what it is. */
interface DescribesItself {
  readonly jsonSchema?: Readonly<
    Record<
      SchemaSide,
      (options: {
        readonly target: "draft-2020-12";
        readonly libraryOptions?: Readonly<Record<string, unknown>>;
      }) => JsonSchema
    >
  >;
}

/** What a library is asked to do with a part that JSON Schema has no words for: leave it open, not fail. */
const LENIENT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  zod: { unrepresentable: "any" },
  valibot: { errorMode: "ignore" },
};

/**
 * The JSON Schema of one side of a schema, as far as it can be known: from the schema itself where it has the
 * interface of Standard JSON Schema (zod, arktype, `@valibot/to-json-schema`), by looking into it for valibot;
 * otherwise undefined. Never throws: a description is no reason not to start.
 */
export function jsonSchemaOf(schema: StandardSchema, side: SchemaSide): JsonSchema | undefined {
  const { vendor, jsonSchema }: StandardSchema["~standard"] & DescribesItself = schema["~standard"];
  if (jsonSchema === undefined) return isValibot(schema) ? valibotJsonSchema(schema, side) : undefined;
  const libraryOptions = LENIENT[vendor];
  try {
    const found = jsonSchema[side]({
      target: "draft-2020-12",
      ...(libraryOptions === undefined ? {} : { libraryOptions }),
    });
    // A copy of plain JSON: what a library hands out may hold functions, and may be its own cache.
    return JSON.parse(JSON.stringify(found)) as JsonSchema;
  } catch {
    // Part of the interface: a library throws for what it cannot describe. Then nothing is known of it.
    return undefined;
  }
}
