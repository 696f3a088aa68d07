import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { descriptorOf, enumDescriptorOf, type Field, isMessageType } from "@micro/core/message";
import protobuf from "protobufjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GenerateResult, generateFromProto } from "../../src/generate/index.ts";
import { compareMessages, describedBy, registryOf, withImports } from "./peer.ts";
import { createSandbox, type Loaded, run, type Sandbox } from "./sandbox.ts";

/** Google's API definitions, as a package of Google ships them. */
const require = createRequire(import.meta.url);
const protos = join(dirname(require.resolve("google-gax")), "../protos");

let sandbox: Sandbox;
let result: GenerateResult;
let loaded: Loaded;

const generate = async (mode: "write" | "check") =>
  generateFromProto({
    // What is in google/protobuf comes with @micro/core/wkt, or is proto2 with extensions.
    files: (await readdir(join(protos, "google")))
      .filter((name) => name !== "protobuf")
      .map((name) => `google/${name}`),
    include: [protos],
    outDir: join(sandbox.path, "gen"),
    baseDir: protos,
    mode,
  });

beforeAll(async () => {
  sandbox = await createSandbox();
  result = await generate("write");
  loaded = await sandbox.load("gen");
});

afterAll(() => sandbox.remove());

test("more than 500 messages and 20 services are generated, and again the same", async () => {
  expect(loaded.messages.length).toBeGreaterThan(500);
  expect(loaded.contracts.length).toBeGreaterThan(20);
  const again = await generate("check");
  expect(again.files.filter(({ state }) => state !== "same")).toEqual([]);
  expect(again.files.map(({ text }) => text)).toEqual(result.files.map(({ text }) => text));
});

test("the generated code compiles under the strictest flags", async () => {
  expect(await sandbox.compile()).toBe("");
});

test("the generated code is as Biome would format it", async () => {
  const formatter = { indentStyle: "space", lineWidth: 110 };
  await sandbox.write({ "biome.json": JSON.stringify({ formatter }) });
  expect(await run("biome", ["format", "--config-path", sandbox.path, join(sandbox.path, "gen")])).toBe("");
});

test("every field has the number, the shape and the type that protobufjs resolves for it", () => {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(protos, target);
  root.loadSync(
    result.files.map(({ proto }) => proto),
    { keepCase: true },
  );
  root.resolveAll();
  let count = 0;
  for (const type of loaded.messages) {
    const theirs = root.lookupType(type.typeName).fieldsArray.map((field) => {
      const shape = field instanceof protobuf.MapField ? "map" : field.repeated ? "repeated" : "single";
      const oneof = field.options?.proto3_optional === true ? undefined : field.partOf?.name;
      return [field.name, field.id, shape, field.resolvedType?.fullName.slice(1) ?? field.type, oneof];
    });
    const ours = descriptorOf(type).fields.map(({ name, number, shape, type: fieldType, oneof }) => [
      name,
      number,
      shape,
      typeof fieldType === "string" ? fieldType : typeNameOf(fieldType),
      oneof,
    ]);
    count += ours.length;
    expect(ours, type.typeName).toEqual(theirs.sort((a, b) => Number(a[1]) - Number(b[1])));
  }
  expect(count).toBeGreaterThan(1500);
});

test("another implementation writes the same bytes and JSON of every message", () => {
  const { contracts } = loaded;
  const registry = registryOf(describedBy({ files: withImports(loaded.files), contracts }));
  for (const type of loaded.messages) compareMessages(type, registry, 4);
});

function typeNameOf(type: Exclude<Field["type"], string>): string {
  return isMessageType(type) ? type.typeName : enumDescriptorOf(type).typeName;
}
