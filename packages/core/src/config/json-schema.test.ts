import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineService } from "../definition.ts";
import { createService } from "../service.ts";
import { makeFolder } from "../testing/folder.ts";
import { consoleLogger, sampleCli, samplePlugins } from "../testing/sample.ts";
import { configJsonSchema, type JsonSchema } from "./json-schema.ts";

const { mdns, http, nats } = samplePlugins();
const plugins = [mdns, http, nats, consoleLogger, sampleCli(() => [])] as const;
const schema = configJsonSchema(plugins);

/** As much of JSON Schema as is used here. */
function fits(value: unknown, { type, properties, items, pattern, minimum, ...rest }: JsonSchema): boolean {
  const types: Readonly<Record<string, (value: unknown) => boolean>> = {
    object: (v) => typeof v === "object" && v !== null && !Array.isArray(v),
    array: Array.isArray,
    integer: Number.isInteger,
    number: (v) => typeof v === "number",
    string: (v) => typeof v === "string",
    boolean: (v) => typeof v === "boolean",
  };
  if (type !== undefined && ![type].flat().some((name) => types[name as string]?.(value))) return false;
  if (Array.isArray(rest.enum) && !rest.enum.includes(value)) return false;
  if (Array.isArray(rest.anyOf) && !rest.anyOf.some((one) => fits(value, one as JsonSchema))) return false;
  if (typeof value === "string" && pattern !== undefined && !new RegExp(pattern as string).test(value))
    return false;
  if (typeof value === "number" && minimum !== undefined && value < (minimum as number)) return false;
  if (Array.isArray(value))
    return items === undefined || value.every((one) => fits(one, items as JsonSchema));
  if (!types.object?.(value)) return true;
  const known = (properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(value as object).every(([key, inner]) => {
    const below = Object.hasOwn(known, key) ? known[key] : rest.additionalProperties;
    return below === undefined || (below !== false && fits(inner, below as JsonSchema));
  });
}

describe("the JSON Schema of a configuration", () => {
  test("describes sections, keys, choices and defaults; hides secrets and what a file cannot set", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      additionalProperties: false,
      properties: {
        broker: {
          additionalProperties: false,
          description: "Sample broker",
          properties: {
            enabled: { type: "boolean", default: true },
            plugin: { enum: ["http", "web", "nats"], default: "http" },
            pool_size: { type: "integer", default: 1 },
            port: { type: "integer", description: "Port (plugin http)" },
            token: { type: "string", writeOnly: true },
            tls: { properties: { ca_file: { type: "string" }, key_password: { writeOnly: true } } },
            logger: { properties: { level: { enum: ["trace", "info", "warn"] } } },
          },
        },
        registry: { properties: { ttl: { type: ["string", "number"], default: "1m" } } },
      },
    });
    expect(Object.keys(schema.properties as object)).toEqual(["$schema", "registry", "broker", "logger"]);
    expect(() => configJsonSchema([{} as never])).toThrow("this is no plugin");
  });

  test("allows texts with variables in place of values where the service reads them", () => {
    const withVariables = configJsonSchema(plugins, { interpolateEnv: true });
    const variables = {
      broker: { plugin: "$PLUGIN", pool_size: `\${POOL:-4}`, addresses: "$HOSTS", tls: { ca_file: "$CA" } },
      registry: { ttl: "$TTL" },
      logger: { level: "$LEVEL" },
    };
    expect(fits(variables, withVariables)).toBe(true);
    expect(fits(variables, schema)).toBe(false);
    const plain = { broker: { plugin: "nats", pool_size: 4, addresses: ["a"] }, registry: { ttl: "5s" } };
    expect(fits(plain, withVariables)).toBe(true);
    for (const wrong of [{ broker: { pool_size: "4" } }, { brokr: {} }, { logger: { level: "loud" } }])
      expect(fits(wrong, withVariables), JSON.stringify(wrong)).toBe(false);
  });

  test("accepts what a service accepts, and refuses what has no chance", async () => {
    const folder = await makeFolder();
    const any = fc.constantFrom<unknown>("x", "", 5, -2, true, ["a"], [1], {}, "5s");
    // Mostly right, so that often all of them are.
    const mostly = (...right: readonly unknown[]) =>
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: any });
    const content = fc.record(
      {
        broker: fc.record(
          {
            enabled: mostly(true, false),
            plugin: mostly("nats", "http", "web"),
            addresses: mostly([], ["a", "b"]),
            pool_size: mostly(0, 7),
            token: mostly("t"),
            tls: mostly({}, { ca_file: "x" }),
            logger: mostly({ level: "trace" }, {}),
          },
          { requiredKeys: [] },
        ),
        registry: fc.record(
          { ttl: mostly("5s", "1m30s", 5, "7", 0.5), domain: mostly("d") },
          { requiredKeys: [] },
        ),
        logger: fc.record({ level: mostly("trace", "warn"), pretty: mostly(true) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    );
    let both = 0;
    try {
      await fc.assert(
        fc.asyncProperty(content, async (config) => {
          const configFile = await folder.file("micro.json", JSON.stringify(config));
          const accepted = await createService(defineService({ name: "sample" }), {
            plugins,
            configFile,
          }).then(
            () => true,
            () => false,
          );
          if (!accepted) return;
          both++;
          expect(fits(config, schema)).toBe(true);
        }),
        { numRuns: 200 },
      );
      expect(both).toBeGreaterThan(20);
    } finally {
      await folder.remove();
    }
    for (const wrong of [
      { brokr: {} },
      { broker: { pol_size: 1 } },
      { broker: { plugin: "kafka" } },
      { registry: { ttl: "soon" } },
      { registry: { ttl: -1 } },
      { broker: { addresses: "a" } },
      { broker: { tls: { ca_fil: "x" } } },
      { logger: { level: "loud" } },
      { cli: {} },
    ])
      expect(fits(wrong, schema), JSON.stringify(wrong)).toBe(false);
  });
});
