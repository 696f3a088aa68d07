import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { client } from "@micro/client";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { type Contract, createMonolith, defineService, type Methods } from "@micro/core";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { memoryTransport } from "@micro/transport-memory";
import protobuf from "protobufjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findContracts } from "../../src/from-code/find-contracts.ts";
import { generateFromCode } from "../../src/from-code/index.ts";
import { generateFromProto } from "../../src/generate/index.ts";
import { definition } from "./contracts.ts";

const CONTRACTS = join(import.meta.dirname, "contracts.ts");
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

/** Writes a module of its own name, so that Node does not give a copy that it has loaded before, and generates from it. */
async function generate(
  name: string,
  body: string,
  options: { readonly enums?: "enum"; readonly out?: string } = {},
) {
  // Beside the real contracts, so that it finds the libraries that they find.
  const module = join(folder.path, `${name}.ts`);
  const source = [
    `import { defineContract, unary } from ${JSON.stringify(import.meta.resolve("@micro/core"))};`,
    `import * as z from ${JSON.stringify(import.meta.resolve("zod"))};`,
    body,
  ].join("\n");
  await writeFile(module, source);
  const outDir = join(folder.path, options.out ?? name);
  const result = await generateFromCode({ module, outDir, ...options });
  const proto = result.files.find(({ path }) => path.endsWith(".proto"))?.text ?? "";
  return { ...result, proto, outDir };
}

const contractOf = (input: string, name = "A") =>
  `export const contract = defineContract({ name: "${name}", service: "a", methods: { call: unary({ input: ${input} }) } });`;

describe("the .proto of contracts in TypeScript", () => {
  test("is what it was: any change of it is a change for everybody who generated code from it", async () => {
    const { files, contracts } = await generateFromCode({ module: CONTRACTS, outDir: folder.path });
    expect(contracts).toEqual(["Orders"]);
    expect(files.map(({ path }) => path)).toEqual([
      join(folder.path, "shop.orders.proto"),
      join(folder.path, "shop.orders.schema.json"),
    ]);
    const [proto] = files;
    // The first line says where the module is, seen from the folder.
    const text = (proto?.text ?? "").replace(/^.*\n/, "");
    await expect(text).toMatchFileSnapshot("golden/shop.orders.proto.txt");
  });

  test("is read by a parser of another author, with all types resolved", async () => {
    await generateFromCode({ module: CONTRACTS, outDir: folder.path });
    const root = new protobuf.Root();
    await root.load(join(folder.path, "shop.orders.proto"), { keepCase: true });
    root.resolveAll();
    const { methods } = root.lookupService("shop.orders.Orders");
    expect(Object.keys(methods)).toEqual(["Place", "Find", "Watch"]);
    expect([methods.Watch?.responseStream, methods.Place?.options]).toEqual([
      true,
      { idempotency_level: "IDEMPOTENT" },
    ]);
    expect(root.lookupType("shop.orders.PlaceRequest").fields.items?.resolvedType?.name).toBe("Item");
  });

  test("the same twice: nothing is written, and --check is content", async () => {
    const out = join(folder.path, "twice");
    await generateFromCode({ module: CONTRACTS, outDir: out });
    const again = await generateFromCode({ module: CONTRACTS, outDir: out, mode: "check" });
    expect(again.files.map(({ state }) => state)).toEqual(["same", "same"]);
  });

  test("--check tells what would change and writes nothing", async () => {
    const out = join(folder.path, "unwritten");
    const { files } = await generateFromCode({ module: CONTRACTS, outDir: out, mode: "check" });
    expect(files.map(({ state }) => state)).toEqual(["new", "new"]);
    await expect(readFile(files[0]?.path ?? "")).rejects.toThrow("ENOENT");
  });
});

describe("field numbers", () => {
  test("stay with their fields; those of fields that are gone stay reserved, also when the name comes back", async () => {
    const out = "numbers";
    const first = await generate(
      "numbers1",
      contractOf("z.object({ a: z.string(), b: z.string(), c: z.string() })"),
      { out },
    );
    expect(numbers(first.proto, "CallRequest")).toEqual({ a: 1, b: 2, c: 3 });
    const second = await generate(
      "numbers2",
      contractOf("z.object({ d: z.string(), c: z.string(), a: z.string() })"),
      { out },
    );
    expect(numbers(second.proto, "CallRequest")).toEqual({ d: 4, c: 3, a: 1 });
    expect(second.proto).toContain('  reserved 2;\n  reserved "b";\n');
    const third = await generate("numbers3", contractOf("z.object({ b: z.string(), a: z.string() })"), {
      out,
    });
    expect(numbers(third.proto, "CallRequest")).toEqual({ b: 5, a: 1 });
    expect(third.proto).toContain('  reserved 2 to 4;\n  reserved "c", "d";\n');
    // A gRPC server of the code numbers fields in their order.
    expect(first.findings.map(({ path }) => path)).not.toContain("CallRequest");
    expect(second.findings).toContainEqual({
      path: "CallRequest",
      text: expect.stringMatching(
        /^has kept numbers \(d, c, a\), of which a gRPC server .* in JSON/,
      ) as string,
    });
  });

  test("so do those of enums, and a field that changes its type is reported", async () => {
    const out = "enum-numbers";
    const options = { out, enums: "enum" } as const;
    const first = await generate(
      "enums1",
      contractOf('z.object({ state: z.enum(["OPEN", "SHUT"]), n: z.string() })'),
      options,
    );
    expect(first.proto).toContain("    STATE_UNSPECIFIED = 0;\n    OPEN = 1;\n    SHUT = 2;\n");
    expect(first.findings).toContainEqual({
      path: "CallRequest",
      text: expect.stringMatching(/^has enums \(State\), of which a gRPC server/) as string,
    });
    const second = await generate(
      "enums2",
      contractOf('z.object({ state: z.enum(["NEW", "SHUT"]), n: z.number() })'),
      options,
    );
    expect(second.proto).toContain(
      '    reserved 1;\n    reserved "OPEN";\n    STATE_UNSPECIFIED = 0;\n    NEW = 3;\n    SHUT = 2;\n',
    );
    expect(second.findings).toContainEqual({
      path: "CallRequest.n",
      text: "was string and is double: peers with the old file read it differently",
    });
  });

  test("skip what Protocol Buffers keep for themselves", async () => {
    const out = "gap";
    await generate("gap1", contractOf("z.object({ a: z.string() })"), { out });
    const path = join(folder.path, out, "a.proto");
    await writeFile(path, (await readFile(path, "utf8")).replace("a = 1", "a = 18999"));
    const { proto } = await generate("gap2", contractOf("z.object({ a: z.string(), b: z.string() })"), {
      out,
    });
    expect(numbers(proto, "CallRequest")).toEqual({ a: 18_999, b: 20_000 });
  });
});

function numbers(proto: string, message: string): Readonly<Record<string, number>> {
  const { fieldsArray } = protobuf.parse(proto, { keepCase: true }).root.lookupType(message);
  return Object.fromEntries(fieldsArray.map(({ name, id }) => [name, id]));
}

describe("what has no type in a .proto", () => {
  test.each<[string, string, string, string]>([
    [
      "a union",
      "z.union([z.string(), z.number()])",
      "google.protobuf.Value x = 1;",
      "it is one of several types",
    ],
    ["a tuple", "z.tuple([z.string()])", "google.protobuf.Value x = 1;", "it has no type there"],
    ["a date", "z.date()", "google.protobuf.Value x = 1;", "its schema does not say"],
    [
      "lists in lists",
      "z.array(z.array(z.string())).optional()",
      "repeated google.protobuf.Value x = 1;",
      "a list inside a list",
    ],
    [
      "null in a list",
      "z.array(z.string().nullable()).optional()",
      "repeated google.protobuf.Value x = 1;",
      "null in between",
    ],
    ["a null that must be there", "z.string().nullable()", "optional string x = 1;", "must be there as null"],
    [
      "a list that must be there",
      "z.array(z.string())",
      "repeated string x = 1;",
      "leaves out what is empty",
    ],
  ])("%s is reported by its path", async (what, schema, line, text) => {
    const { proto, findings } = await generate(
      `limit-${what.replaceAll(" ", "-")}`,
      contractOf(`z.object({ x: ${schema} })`),
    );
    expect(proto).toContain(`  ${line}\n`);
    const found = findings.filter(({ path }) => path.startsWith("CallRequest.x"));
    expect(found.map((finding) => finding.text).join()).toContain(text);
  });

  test.each<[string, string, RegExp]>([
    [
      "fields that JSON does not tell apart",
      contractOf("z.object({ aB: z.string(), a_b: z.string() })"),
      /CallRequest: the fields 'aB' and 'a_b' have one name/,
    ],
    [
      "a module without a contract",
      "export const nothing = 1;",
      /exports no contract, but nothing: export what defineContract gives/,
    ],
    ["a module that fails", 'throw new Error("no database");', /cannot load .*: no database/],
    [
      "a service that makes no file name",
      contractOf("z.object({})").replace('service: "a"', 'service: "../a"'),
      /the service name '\.\.\/a' makes no file name/,
    ],
  ])("%s: an error that says what to do", async (what, body, message) => {
    await expect(generate(`error-${what.replaceAll(" ", "-")}`, body)).rejects.toThrow(message);
  });

  test("a module that is not there is said to be missing, in its own name", async () => {
    await expect(findContracts("src/none.ts", folder.path)).rejects.toThrow(
      /there is no file src\/none\.ts$/,
    );
  });

  test("files that somebody wrote are not overwritten", async () => {
    const out = "by-hand";
    await generate("by-hand1", contractOf("z.object({})"), { out });
    for (const file of ["a.proto", "a.schema.json"]) {
      const path = join(folder.path, out, file);
      const generated = await readFile(path, "utf8");
      await writeFile(path, "// mine\n");
      await expect(generate(`by-hand-${file}`, contractOf("z.object({})"), { out })).rejects.toThrow(
        /is not generated/,
      );
      await writeFile(path, generated);
    }
  });
});

describe("several contracts", () => {
  test("of one service share a file; a name that means two things becomes two, a service's name is no message's", async () => {
    const { proto, files } = await generate(
      "several",
      `const Item = z.object({ sku: z.string() }).meta({ id: "Item" });
       const call = (input) => unary({ input, output: Item });
       export const one = defineContract({ name: "One", service: "s", methods: { call: call(z.object({ a: Item })) } });
       export const two = defineContract({ name: "Item", service: "s", methods: { call: call(z.object({ b: Item })) } });
       export const apart = defineContract({ name: "Apart", service: "t", methods: { call: call(z.object({ c: Item })) } });`,
    );
    expect(files.map(({ path }) => path.slice(folder.path.length + 1))).toEqual([
      "several/t.proto",
      "several/t.schema.json",
      "several/s.proto",
      "several/s.schema.json",
    ]);
    expect(proto).toContain("rpc Call(CallRequest) returns (Item);");
    const shared = files[2]?.text ?? "";
    expect(shared).toContain("rpc Call(CallRequest) returns (ItemMessage);");
    expect(shared).toContain("rpc Call(ItemCallRequest) returns (ItemMessage);");
    expect(() => protobuf.parse(shared).root.resolveAll()).not.toThrow();
  });
});

describe("a client that was generated from the .proto", () => {
  test("calls the service that was described in TypeScript, in JSON over a transport", async () => {
    // Inside this package, so that what is generated finds @micro/core.
    const gen = await mkdtemp(join(import.meta.dirname, ".generated-"));
    const fleet = await createMonolith([definition, defineService({ name: "caller", needs: [client] })], {
      plugins: [memoryRegistry, memoryTransport, jsonCodec, randomSelector, rpcServer, rpcClient],
      shared: ["registry", "transport"],
      selector: { preferLocal: false },
      configFile: false,
    });
    try {
      await generateFromCode({ module: CONTRACTS, outDir: gen });
      const file = join(gen, "shop.orders.proto");
      await generateFromProto({ files: [file], outDir: gen, baseDir: gen, importExtension: ".ts" });
      const generated = (await import(pathToFileURL(join(gen, "shop.orders.ts")).href)) as {
        readonly Orders: Contract<Methods>;
      };
      await fleet.start();
      const caller = fleet.services.find(({ name }) => name === "caller");
      const orderDesk = caller?.client.of(generated.Orders) as Readonly<
        Record<"place" | "find" | "watch", (request: object) => Promise<unknown> & AsyncIterable<unknown>>
      >;
      const items = [{ sku: "a", count: 2 }, { sku: "" }];
      const request = { orderId: "o-1", state: "OPEN", urgent: false, total: 0, items };
      expect(await orderDesk.place(request)).toEqual({
        orderId: "o-1",
        // What was not set is left out, and the schema's default comes in.
        items: [
          { sku: "a", count: 2 },
          { sku: "", count: 1 },
        ],
        placed: true,
      });
      const seen: unknown[] = [];
      for await (const one of orderDesk.watch({ orderId: "o-1", limit: 2 })) seen.push(one);
      expect(seen).toEqual([
        { sequence: 1, state: "OPEN" },
        { sequence: 2, state: "OPEN" },
      ]);
      await expect(orderDesk.find({ orderId: "o" })).rejects.toMatchObject({
        code: "BAD_REQUEST",
        detail: expect.stringContaining("orderId") as string,
      });
    } finally {
      await fleet.stop();
      await rm(gen, { recursive: true, force: true });
    }
  });
});
