import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../generate/sandbox.ts";
import { runMicro } from "../run-micro.ts";
import { createWireSandbox, type WireSandbox } from "./sandbox.ts";

const here = import.meta.dirname;

const COMPOSITION = `
export { sample as definition } from "./parts.ts";
import { secondPlugin, firstPlugin, thirdFirst } from "./parts.ts";
export const options = {
  plugins: [secondPlugin, firstPlugin, thirdFirst, firstPlugin],
  first: { plugin: "third" },
};
`;

let sandbox: WireSandbox;

beforeAll(async () => {
  sandbox = await createWireSandbox({ "@micro/core": "packages/core" });
  await sandbox.write({ "src/composition.ts": COMPOSITION });
});
afterAll(() => sandbox.remove());

describe("micro wire", () => {
  test("writes wire.gen.ts beside the composition and leaves alone what is up to date", async () => {
    expect(await sandbox.wire()).toEqual({ status: 0, stdout: "new     src/wire.gen.ts\n", stderr: "" });
    const path = join(sandbox.path, "src/wire.gen.ts");
    const before = await stat(path);
    expect(await sandbox.wire()).toMatchObject({ status: 0, stdout: "src/wire.gen.ts is up to date\n" });
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect(await readFile(path, "utf8")).toContain(
      [
        "    const first = await create([firstPlugin, thirdFirst]);",
        "    await create(secondPlugin, { first });",
      ].join("\n"),
    );
  });

  test("--check writes nothing and ends with 1 when the file would change", async () => {
    await sandbox.wire();
    expect(await sandbox.wire("--check")).toMatchObject({ status: 0 });
    const path = join(sandbox.path, "src/wire.gen.ts");
    const text = (await readFile(path, "utf8")).replace(", thirdFirst]", "]");
    await writeFile(path, text);
    expect(await sandbox.wire("--check")).toMatchObject({
      status: 1,
      stdout: "changed src/wire.gen.ts\nrun micro wire without --check\n",
    });
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await sandbox.wire()).toMatchObject({ status: 0, stdout: "changed src/wire.gen.ts\n" });
  });

  test("writes elsewhere, for compilers that want other imports, and tells scripts", async () => {
    const args = ["--out", "generated/wiring.ts", "--import-extension", ".js", "--output", "json"];
    const { status, stdout } = await sandbox.wire(...args);
    expect(JSON.parse(stdout)).toEqual({
      service: "sample",
      path: join(sandbox.path, "generated/wiring.ts"),
      state: "new",
    });
    expect(status).toBe(0);
    const text = await sandbox.read("generated/wiring.ts");
    expect(text).toMatch(/^\/\/ Wired from \.\.\/src\/composition\.ts by `micro wire`\. DO NOT EDIT\.\n/);
    expect(text).toContain('} from "../src/parts.js";');
  });

  test("never overwrites what somebody wrote by hand", async () => {
    await sandbox.write({ "src/mine.ts": "export const mine = 1;\n" });
    const { status, stderr } = await sandbox.wire("--out", "src/mine.ts");
    expect(stderr).toContain("src/mine.ts: this file is not generated");
    expect(status).toBe(2);
    expect(await sandbox.read("src/mine.ts")).toBe("export const mine = 1;\n");
  });

  test("notices a package that is installed and not declared", async () => {
    const other = await createWireSandbox({ "@micro/core": "packages/core" });
    try {
      await other.write({ "src/composition.ts": COMPOSITION, "package.json": '{"type":"module"}' });
      const { status, stderr } = await other.wire();
      expect(stderr).toBe(
        "@micro/core is not among the dependencies of package.json: npm install @micro/core\n",
      );
      expect(status).toBe(0);
    } finally {
      await other.remove();
    }
  });
});

describe("names", () => {
  test("that two modules export, that are no identifiers or that are taken are told apart, and the code runs", async () => {
    const plugin = (component: string, name = "plugin"): string => `
      import { defineComponent, definePlugin } from "@micro/core";
      const component = defineComponent()({ name: "${component}", description: "", config: {} });
      const plugin = definePlugin(component, { name: "own", create: () => ({}) });
      export { plugin as ${name} };`;
    const files = {
      "src/a.ts": plugin("one"),
      "src/b.mts": plugin("two"),
      "src/c.ts": plugin("three", '"the third"'),
      "src/d.ts": plugin("four", "default"),
      "src/e.ts": plugin("five", "createNames"),
      "src/definition.ts": 'export const Names = { name: "names" };',
    };
    await sandbox.write({
      ...files,
      "src/composition.ts": `
        import * as a from "./a.ts"; import * as b from "./b.mts"; import * as c from "./c.ts";
        import four from "./d.ts"; import * as e from "./e.ts";
        export { Names as definition } from "./definition.ts";
        export const options = {
          plugins: [a.plugin, b.plugin, c["the third"], four, e.createNames], configFile: false,
        };`,
    });
    expect(await sandbox.wire("--out", "src/names.ts")).toMatchObject({ stderr: "", status: 0 });
    expect((await sandbox.read("src/names.ts")).split("\n").filter((line) => line.includes('"./'))).toEqual([
      'import { plugin } from "./a.ts";',
      'import { plugin as twoPlugin } from "./b.mts";',
      'import { "the third" as threePlugin } from "./c.ts";',
      'import { default as fourPlugin } from "./d.ts";',
      'import { Names as definition } from "./definition.ts";',
      'import { createNames as fivePlugin } from "./e.ts";',
    ]);
    const { createNames } = (await import(join(sandbox.path, "src/names.ts"))) as {
      readonly createNames: () => Promise<{ readonly name: string; stop(): Promise<void> }>;
    };
    const service = await createNames();
    expect(service).toMatchObject({ name: "names", one: {}, two: {}, three: {}, four: {}, five: {} });
    await service.stop();
    await sandbox.wire("--out", "src/names.ts", "--import-extension", ".js");
    expect(await sandbox.read("src/names.ts")).toContain('from "./b.mjs";');
    await sandbox.write({ "src/composition.ts": COMPOSITION });
  });
});

describe("what is written", () => {
  // The type checker and the linter look at them as at all of our code.
  test.each(["desk", "long"])(
    "of %s/composition.ts is what stands there: run `micro wire` after a change",
    async (folder) => {
      const { status, stdout } = await runMicro(["wire", `${folder}/composition.ts`, "--check"], {
        cwd: here,
      });
      expect(stdout).toBe(`${folder}/wire.gen.ts is up to date\n`);
      expect(status).toBe(0);
    },
  );

  test("is left alone by the formatter and the linter, however long the names", async () => {
    expect(await run("biome", ["check", "--error-on-warnings", here])).toBe("");
  });

  test("is what the guide shows of the composition that it shows", async () => {
    const guide = await readFile(join(here, "../../../../docs/guide/wiring.md"), "utf8");
    const [composition = "", shown = ""] = [...guide.matchAll(/```ts\n\/\/ not run: .*\n([\s\S]*?)```/g)].map(
      ([, code]) => code ?? "",
    );
    const names = ["client-rpc", "codec-json", "registry-mdns", "server-rpc", "transport-http"];
    const plugins = names.map((name) => [`@micro/${name}`, `plugins/${name}`] as const);
    const packages = ["core", "selector"].map((name) => [`@micro/${name}`, `packages/${name}`] as const);
    const project = await createWireSandbox(Object.fromEntries([...plugins, ...packages]));
    try {
      await project.write({
        "src/composition.ts": composition,
        "src/announce.ts": "export const announce = () => undefined;",
        "src/greeter.ts":
          'import { defineService } from "@micro/core"; export const greeter = defineService({ name: "greeter" });',
      });
      expect(await project.wire()).toMatchObject({ stderr: "", status: 0 });
      const text = await project.read("src/wire.gen.ts");
      expect(text.slice(text.indexOf("const plugins"))).toBe(shown);
    } finally {
      await project.remove();
    }
  });

  test("loads neither a container nor what is not listed", async () => {
    const generated = await loadedBy(join(here, "long/wire.gen.ts"));
    expect(generated).toContainEqual(expect.stringMatching(/packages\/core\/src\/wired\.ts$/));
    expect(generated.filter((url) => /tsyringe|reflect-metadata|yargs|\/composition\.ts$/.test(url))).toEqual(
      [],
    );
  });
});

/** URLs of everything that is loaded when a service of a generated wiring is created. */
async function loadedBy(file: string): Promise<readonly string[]> {
  const program = `
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
    const { createLongService } = await import(${JSON.stringify(pathToFileURL(file).href)});
    const service = await createLongService({ interpolateEnv: false });
    await service.stop();
    console.log(JSON.stringify(urls));`;
  const args = ["--conditions=@micro/source", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: here, timeout: 80_000 });
  return JSON.parse(stdout) as readonly string[];
}
