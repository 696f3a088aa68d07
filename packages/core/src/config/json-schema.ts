import { type Option, type OptionsSchema, snakeCase } from "../option.ts";
import type { AnyPlugin } from "../plugin.ts";
import { StartError } from "../start-error.ts";
import { collectSections, coreOptions, optionsOf, type Section } from "./sections.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const DURATION = "^(\\d+(\\.\\d+)?|(\\d+(\\.\\d+)?(ns|us|µs|μs|ms|s|m|h))+)$";
const SIZE = "^\\d+(\\.\\d+)?\\s*(([kKmMgG][iI]?)?[bB])?$";

/** How a {@link configJsonSchema} is made. */
export interface ConfigJsonSchemaOptions {
  /** As the service's own: then a text such as `$PORT` may stand for a number, a list and so on. @default false */
  readonly interpolateEnv?: boolean;
}

/**
 * The JSON Schema (draft 2020-12) of configuration files for services with these plugins: editors complete and check
 * `micro.yaml` with it. Keys are in snake case; options that only code can give are left out. Throws a `StartError`
 * for a list of plugins that no service could have.
 */
export function configJsonSchema(
  plugins: readonly AnyPlugin[],
  { interpolateEnv = false }: ConfigJsonSchemaOptions = {},
): JsonSchema {
  const { sections, problems } = collectSections(plugins);
  if (problems.length > 0) throw new StartError("configJsonSchema", problems);
  const inFiles = [...sections.values()].filter(({ component }) => component.phase !== "config");
  const scoped = inFiles.filter(({ component }) => component.scoped);
  const properties: Record<string, JsonSchema> = { $schema: { type: "string" } };
  for (const section of inFiles) {
    const below = scoped.filter(({ component }) => component !== section.component);
    properties[section.component.name] = sectionSchema(section, below);
  }
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...map(properties) };
  return interpolateEnv ? withVariables(schema) : schema;
}

/** The schema of texts in which variables are replaced. */
const VARIABLE = { type: "string", pattern: "\\$" };

/** The same schema for a file with variables: a text with one may stand wherever a value may. */
function withVariables(schema: JsonSchema): JsonSchema {
  const { properties, description, ...rest } = schema;
  if (properties === undefined) {
    const isText = rest.type === "string" && rest.pattern === undefined;
    return isText
      ? schema
      : { anyOf: [rest, VARIABLE], ...(description === undefined ? {} : { description }) };
  }
  const below = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
  return {
    ...schema,
    properties: Object.fromEntries(below.map(([key, inner]) => [key, withVariables(inner)])),
  };
}

const map = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: "object",
  additionalProperties: false,
  properties,
});

/** `scoped` are the components of which this one may have an instance of its own. */
function sectionSchema(section: Section, scoped: readonly Section[]): JsonSchema {
  const { component, plugins } = section;
  const properties: Record<string, JsonSchema> = {};
  for (const [key, { option, plugins: takers }] of optionsOf(section)) {
    const only = takers.length === 0 || takers.length === plugins.length ? "" : ` (plugin ${names(takers)})`;
    // Two plugins may give one key two meanings: the file is checked for the chosen one when the service starts.
    const found = takers.map((taker) => (taker.config as OptionsSchema)[key] as Option);
    const options = found.length > 0 ? found : [option];
    const schemas = options.filter(({ kind }) => kind !== "value").map((one) => optionSchema(one, only));
    const [first, ...others] = new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values();
    if (first !== undefined)
      properties[snakeCase(key)] = others.length === 0 ? first : { anyOf: [first, ...others] };
  }
  if ("plugin" in coreOptions(section)) {
    const choices = plugins.flatMap((plugin) => [plugin.name, ...plugin.aliases]);
    properties.plugin = {
      enum: choices,
      description: "Which plugin",
      ...(choices.includes(component.defaultPlugin ?? "") ? { default: component.defaultPlugin } : {}),
    };
  }
  for (const below of scoped) {
    const description = `Of ${component.name} alone; what is not set here is as in '${below.component.name}'`;
    properties[below.component.name] = { ...sectionSchema(below, []), description };
  }
  return { ...map(properties), description: component.description };
}

const names = (plugins: readonly AnyPlugin[]): string => plugins.map(({ name }) => name).join(", ");

function optionSchema(option: Option, only = ""): JsonSchema {
  return {
    ...typeSchema(option),
    description: `${option.description}${only}`,
    ...(option.default === undefined || option.secret ? {} : { default: option.default }),
    ...(option.secret ? { writeOnly: true } : {}),
  };
}

function typeSchema({ kind, choices, options = {} }: Option): JsonSchema {
  switch (kind) {
    case "string":
      return choices === undefined ? { type: "string" } : { enum: choices };
    case "integer":
    case "number":
    case "boolean":
      return { type: kind };
    case "duration":
      return { type: ["string", "number"], pattern: DURATION, minimum: 0 };
    case "size":
      return { type: ["string", "integer"], pattern: SIZE, minimum: 0 };
    case "list":
      return { type: "array", items: { type: "string" } };
    case "map":
      return { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } };
    case "object": {
      const below = Object.entries(options).filter(([, option]) => (option as Option).kind !== "value");
      return map(
        Object.fromEntries(below.map(([key, option]) => [snakeCase(key), optionSchema(option as Option)])),
      );
    }
    case "value":
      return {};
  }
}
