import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { generateFromProto } from "../../src/generate/index.ts";
import { describeFile } from "./described.ts";
import { compareMessages, describedBy, registryOf } from "./peer.ts";
import { createSandbox, loadModules, run } from "./sandbox.ts";

const here = import.meta.dirname;
const golden = join(here, "golden");
const generated = await loadModules(golden);

const generate = (more: Partial<Parameters<typeof generateFromProto>[0]> = {}) =>
  generateFromProto({ files: ["proto"], outDir: "golden", baseDir: here, mode: "check", ...more });

describe("the generated files of test/generate/proto", () => {
  test("are those of test/generate/golden: run `micro generate proto --out golden` there after a change", async () => {
    const { files } = await generate();
    expect(files.map(({ proto, state }) => [proto, state])).toEqual([
      ["shop/v1/money.proto", "same"],
      ["shop/v1/odd.proto", "same"],
      ["shop/v1/orders.proto", "same"],
    ]);
  });

  test("do not depend on the order in which files are named", async () => {
    const files = ["shop/v1/orders.proto", "shop/v1/odd.proto", "shop/v1/money.proto"];
    const forward = await generate({ files, include: ["proto"], mode: "text" });
    const backward = await generate({ files: files.toReversed(), include: ["proto"], mode: "text" });
    const one = await generate({ files: files.slice(0, 1), include: ["proto"], mode: "text" });
    expect(backward).toEqual(forward);
    expect(one).toEqual(forward);
  });

  test("are left alone by the formatter and the linter", async () => {
    expect(await run("biome", ["check", "--error-on-warnings", golden])).toBe("");
  });

  test.each(["string", "number"] as const)(
    "compile under the strictest flags, with 64-bit integers as %s too",
    async (int64) => {
      const sandbox = await createSandbox();
      try {
        for (const [form, importExtension] of [["bigint", ".ts"] as const, [int64, ".js"] as const]) {
          const outDir = join(sandbox.path, form);
          await generate({ outDir, int64: form, importExtension, mode: "write" });
        }
        await sandbox.write({ "wrong.ts": "export const wrong: string = 1;\n" });
        const said = await sandbox.compile();
        expect(said.trim().split("\n")).toEqual([expect.stringContaining("wrong.ts(1,14)")]);
      } finally {
        await sandbox.remove();
      }
    },
  );
});

test("contracts of messages that hold themselves have types that declaration files can say", async () => {
  const sandbox = await createSandbox();
  try {
    await sandbox.write({
      "proto/tree.proto": `syntax = "proto3";
message Node {
  oneof value { string text = 1; Node node = 2; Leaf leaf = 3; Kind kind = 4; bytes raw = 5; }
  oneof other { int32 number = 6; Leaf one = 7; }
  repeated Node children = 8;
  map<string, Node> by_name = 9;
  map<bool, Leaf> leaves = 10;
  optional Leaf last = 11;
  enum Kind { SMALL = 0; LARGE = 1; }
  message Leaf { Node up = 1; Kind kind = 2; map<string, Kind> kinds = 3; }
}
service Trees {
  rpc Plant(Node) returns (Node);
  rpc Grow(Node) returns (stream Node);
  rpc Fell(stream Node.Leaf) returns (Node);
}`,
    });
    await generateFromProto({ files: ["proto"], outDir: "gen", baseDir: sandbox.path });
    expect(await sandbox.compile()).toBe("");
  } finally {
    await sandbox.remove();
  }
});

test("the guide shows what is generated from the file that it shows", async () => {
  const guide = await readFile(join(here, "../../../../docs/guide/contracts.md"), "utf8");
  const [, proto = ""] = /```proto\n(.*?)```/s.exec(guide) ?? [];
  const [, shown = ""] = /```ts\n(.*?)\n\/\/ ----/s.exec(guide) ?? [];
  const sandbox = await createSandbox();
  try {
    await sandbox.write({ "proto/greeter/v1/greeter.proto": proto });
    const { files } = await generateFromProto({
      files: ["proto"],
      outDir: "src/gen",
      baseDir: sandbox.path,
      mode: "text",
    });
    expect(files.map(({ text }) => text.slice(text.indexOf("\n") + 1).trimEnd())).toEqual([shown.trimEnd()]);
  } finally {
    await sandbox.remove();
  }
});

describe("the generated descriptors", () => {
  // Made by protoc 35.1 with --include_imports from the same files without google.api.http and without the extension.
  const ofProtoc = async () => fromBinary(FileDescriptorSetSchema, await readFile(join(here, "shop.binpb")));

  test("are what protoc makes of the same files", async () => {
    const theirs = new Map((await ofProtoc()).file.map((file) => [file.name, describeFile(file)]));
    const { file } = describedBy(generated);
    expect(file).toHaveLength(3);
    for (const own of file) expect(describeFile(own)).toEqual(theirs.get(own.name));
  });

  test("give the bytes and the JSON that another implementation gives by protoc's", async () => {
    const registry = registryOf(await ofProtoc());
    expect(generated.messages).toHaveLength(14);
    for (const type of generated.messages) compareMessages(type, registry, 60);
  });
});
