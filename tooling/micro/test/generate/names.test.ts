import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateFromProto } from "../../src/generate/index.ts";
import { createSandbox, run, type Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await createSandbox();
});

afterAll(() => sandbox.remove());

async function generate(files: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const all = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`proto/${name}`, `syntax = "proto3";\n${text}`]),
  );
  await sandbox.write(all);
  const result = await generateFromProto({
    files: Object.keys(files).map((name) => `proto/${name}`),
    include: ["proto"],
    outDir: "gen",
    baseDir: sandbox.path,
  });
  return Object.fromEntries(result.files.map(({ proto, text }) => [proto, text]));
}

/** The names that a generated text exports as values, in its order. */
const exportsOf = (text = "") => [...text.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);

test("names that mean something else in TypeScript get their kind behind them; the text is still right", async () => {
  const taken =
    "Record Array Map Date String Object Promise Uint8Array MessageType OneOf class string any".split(" ");
  const { "taken.proto": text } = await generate({
    "taken.proto": `${taken.map((name) => `message ${name} {}\n`).join("")}
      enum Error { NONE = 0; }
      enum EnumValue { ZERO = 0; default = 1; function = 2; }
      message Holder {
        bytes raw = 1; Uint8Array list = 2; map<string, Date> dates = 3; repeated Promise promises = 4;
        EnumValue value = 5; oneof kind { Array array = 6; class class = 7; }
      }
      service Set { rpc Get(Record) returns (.string); }`,
  });
  expect(exportsOf(text)).toEqual([
    "takenFile",
    ...taken.map((name) => `${name}Message`),
    "ErrorEnum",
    "EnumValueEnum",
    "Holder",
    "SetContract",
  ]);
  expect(text).toContain('defineMessage(takenFile, "Record", ');
  expect(text).toContain('name: "Set"');
  expect(text).toContain("  raw: Uint8Array;\n  list?: Uint8ArrayMessage | undefined;\n");
});

test("of two equal names the one of the outer scope stays as it is", async () => {
  const { "equal.proto": text } = await generate({
    "equal.proto": `message Outer { message Inner {} message Inner_Leaf {} }
      message Outer_Inner { message Leaf {} }
      message Keeper_Box {}
      message Keeper { message Box { message Lid {} } message Box_Lid {} }
      service Outer_Inner_Leaf {}
      message equalFile {}`,
  });
  expect(exportsOf(text)).toEqual([
    "equalFile_2",
    "Outer",
    "Outer_Inner_2",
    "Outer_Inner_Leaf",
    "Outer_Inner",
    "Outer_Inner_Leaf_2",
    "Keeper_Box",
    "Keeper",
    "Keeper_Box_2",
    "Keeper_Box_Lid_2",
    "Keeper_Box_Lid",
    "equalFile",
    "Outer_Inner_LeafContract",
  ]);
});

test("types of other files keep their name where it is free and means one thing", async () => {
  const texts = await generate({
    "shop/v1/common.proto": "package shop.v1; message Status {} message Page {} message Line {}",
    "bank/v1/common.proto": "package bank.v1; message Status {} message Account {}",
    "main.proto": `package main; import "shop/v1/common.proto"; import "bank/v1/common.proto";
      import "google/protobuf/timestamp.proto";
      message Timestamp {} message Line {}
      message Main {
        shop.v1.Status shop = 1; bank.v1.Status bank = 2; shop.v1.Page page = 3; Line line = 4;
        shop.v1.Line shop_line = 5; google.protobuf.Timestamp at = 6; bank.v1.Account account = 7;
      }`,
  });
  expect(
    texts["main.proto"],
  ).toContain(`import { Timestamp as GoogleProtobufTimestamp, timestampFile } from "@micro/core/wkt";
import { Account, Status as BankV1Status, commonFile as bankV1CommonFile } from "./bank/v1/common.ts";
import {
  Page,
  Line as ShopV1Line,
  Status as ShopV1Status,
  commonFile as shopV1CommonFile,
} from "./shop/v1/common.ts";
`);
});

test("fields and methods of names that no rule derives keep them", async () => {
  const { "keys.proto": text } = await generate({
    "keys.proto": `
      message Keys { int32 snake_case = 1; int32 fooBar = 2; int32 _ = 3; int32 _1 = 4; int32 URL = 5;
        int32 a_1 = 6; int32 trailing_ = 7; int32 to_string = 8; int32 json = 9 [json_name = "JSON"]; }
      service Keyed { rpc Get(Keys) returns (Keys); rpc HTTPGet(Keys) returns (Keys); rpc HTTP2(Keys) returns (Keys);
        rpc URL(Keys) returns (Keys); rpc list_all(Keys) returns (Keys); rpc then(Keys) returns (Keys);
        rpc get(Keys) returns (Keys); rpc constructor(Keys) returns (Keys); }`,
  });
  const fields = [...(text ?? "").matchAll(/^ {2}(\w+): (\{ number.*),$/gm)].map(
    ([, key, rest]) => `${key} ${rest}`,
  );
  expect(fields).toEqual([
    'snakeCase { number: 1, type: "int32" }',
    'fooBar { number: 2, type: "int32", name: "fooBar" }',
    '_ { number: 3, type: "int32" }',
    '_1 { number: 4, type: "int32" }',
    'URL { number: 5, type: "int32", name: "URL" }',
    'a1 { number: 6, type: "int32", name: "a_1" }',
    'trailing { number: 7, type: "int32", name: "trailing_" }',
    'toString { number: 8, type: "int32" } as const',
    'json { number: 9, type: "int32", jsonName: "JSON" }',
  ]);
  const methods = [...(text ?? "").matchAll(/^ {4}(\w+): unary\(.*?(name: "\w+")? \}\),$/gm)];
  expect(methods.map(([, key, name]) => `${key} ${name}`)).toEqual([
    "get undefined",
    'httpGet name: "HTTPGet"',
    'http2 name: "HTTP2"',
    'url name: "URL"',
    'listAll name: "list_all"',
    'then_2 name: "then"',
    'get_2 name: "get"',
    'constructor name: "constructor"',
  ]);
});

test("all of that is left alone by the formatter and the linter, but for the names themselves", async () => {
  const formatter = { indentStyle: "space", lineWidth: 110 };
  const linter = { rules: { complexity: { noBannedTypes: "off" } } };
  await sandbox.write({ "biome.json": JSON.stringify({ formatter, linter }) });
  const args = ["check", "--error-on-warnings", "--config-path", sandbox.path, join(sandbox.path, "gen")];
  expect(await run("biome", args)).toBe("");
});

test("all of that compiles and can be loaded", async () => {
  expect(await sandbox.compile()).toBe("");
  const { messages, contracts } = await sandbox.load("gen");
  for (const type of messages) expect(type.create({} as never)).toBeTypeOf("object");
  expect(contracts.map(({ name }) => name)).toEqual(["Outer_Inner_Leaf", "Keyed", "Set"]);
});
