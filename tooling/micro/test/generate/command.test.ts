import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain, runMicro } from "../run-micro.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const proto = (text: string) => `syntax = "proto3";\npackage greeter.v1;\n${text}`;
const hello =
  "message Hello {\n  string name = 1;\n}\nservice Greeter {\n  rpc Greet(Hello) returns (Hello);\n}\n";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await createSandbox();
  await sandbox.write({ "proto/greeter/greeter.proto": proto(hello) });
});

afterAll(() => sandbox.remove());

const generate = (...args: string[]) => runMicro(["generate", ...args], { cwd: sandbox.path });

describe("micro generate", () => {
  test("writes src/gen from a folder, says what it did, and leaves alone what is up to date", async () => {
    expect(await generate("proto")).toEqual({
      status: 0,
      stdout: "new     src/gen/greeter/greeter.ts\n",
      stderr: "",
    });
    const path = join(sandbox.path, "src/gen/greeter/greeter.ts");
    const before = await stat(path);
    expect(await generate("proto")).toMatchObject({ status: 0, stdout: "1 up to date\n" });
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect(await readFile(path, "utf8")).toContain('service: "greeter.v1"');
  });

  test("--check writes nothing and ends with 1 when a file would change", async () => {
    expect(await generate("proto", "--check")).toMatchObject({ status: 0 });
    const checked = await generate("proto", "--check", "--service", "greeter");
    expect(checked).toMatchObject({
      status: 1,
      stdout: "changed src/gen/greeter/greeter.ts\nrun micro generate without --check\n",
    });
    expect(await generate("proto", "--check")).toMatchObject({ status: 0 });
  });

  test("takes a file, include paths, and options; --output json is for scripts", async () => {
    const args = ["greeter/greeter.proto", "-I", "proto", "--out", "other", "--import-extension", ".js"];
    const { status, stdout } = await generate(...args, "--output", "json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { proto: "greeter/greeter.proto", path: join(sandbox.path, "other/greeter/greeter.ts"), state: "new" },
    ]);
  });

  test("ends with 2 for problems, each in a line, and for a line without files", async () => {
    await sandbox.write({ "bad.proto": proto("message A {\n  B b = 1;\n  C c = 2;\n}") });
    const { status, stderr, stdout } = await generate("bad.proto");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("bad.proto:4: field 'b' of 'A': type 'B' is unknown");
    expect(stderr).toContain("bad.proto:5: field 'c' of 'A': type 'C' is unknown");
    expect(await generate()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("micro generate proto"),
    });
    expect(await generate("proto", "--int64", "float")).toMatchObject({ status: 2 });
  });

  test.each([
    [["--service", "two words"], "generate: --service: service name 'two words' must be letters"],
    [["--service="], "generate: --service: service name '' must be letters"],
    [["-I", "mistyped"], "mistyped: there is no such folder to look for imports in"],
    [["--out", "package.json"], "package.json/greeter/greeter.ts: this file cannot be read: ENOTDIR"],
  ])("refuses %j", async (flags, message) => {
    const { status, stderr, stdout } = await generate("proto", ...flags);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  test("in the folder that main was given, whatever the process is in", async () => {
    await sandbox.write({
      "elsewhere/proto/first.proto": proto("message First {}"),
      "elsewhere/contract.ts": [
        `import { defineContract, unary } from ${JSON.stringify(import.meta.resolve("@micro/core"))};`,
        'export const One = defineContract({ name: "One", service: "one", methods: { call: unary() } });',
      ].join("\n"),
    });
    const cwd = join(sandbox.path, "elsewhere");
    expect(await runMain(["generate", "proto"], { cwd })).toEqual({
      status: 0,
      stdout: "new     src/gen/first.ts\n",
      stderr: "",
    });
    expect(await readFile(join(cwd, "src/gen/first.ts"), "utf8")).toContain("First");
    const fromCode = await runMain(["generate", "--from-code", "contract.ts", "--output", "json"], { cwd });
    expect(fromCode).toMatchObject({ status: 0, stderr: "" });
    expect((JSON.parse(fromCode.stdout) as { files: { path: string }[] }).files[0]?.path).toBe(
      join(cwd, "proto/one.proto"),
    );
  });

  test("never overwrites what somebody wrote by hand, and then writes nothing else either", async () => {
    await sandbox.write({
      "hand/greeter/greeter.ts": "export const mine = 1;\n",
      "two/greeter/greeter.proto": proto(hello),
      "two/first.proto": proto("message First {}"),
    });
    const { status, stderr } = await generate("two", "--out", "hand");
    expect(status).toBe(2);
    expect(stderr).toContain("hand/greeter/greeter.ts: this file is not generated");
    expect(await readFile(join(sandbox.path, "hand/greeter/greeter.ts"), "utf8")).toBe(
      "export const mine = 1;\n",
    );
    await expect(stat(join(sandbox.path, "hand/first.ts"))).rejects.toThrow("ENOENT");
  });
});
