import { readFile } from "node:fs/promises";
import { configJsonSchema } from "@micro/core";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { fromJSONSchema } from "zod";
import { plugins } from "../src/plugins.ts";
import { type File, pathOf } from "./game.ts";

// Read by somebody else's reader of JSON Schema, as an editor's would be.
const schema = fromJSONSchema(configJsonSchema(plugins) as Parameters<typeof fromJSONSchema>[0]);

test.each(["defaults.yaml", "nats.yaml"] as const)(
  "%s fits the schema of the service",
  async (file: File) => {
    const content = load(await readFile(pathOf(file), "utf8")) as object;
    expect(Object.keys(content).length).toBeGreaterThan(5);
    expect(schema.safeParse(content).error).toBeUndefined();
  },
);

test("what the service would refuse does not", () => {
  const mistakes = { broker: { plugin: "natz" }, client: { pool_size: "many", pol: 1 } };
  const paths = schema.safeParse(mistakes).error?.issues.map(({ path }) => path.join("."));
  expect(paths).toEqual(["broker.plugin", "client.pool_size", "client"]);
});
