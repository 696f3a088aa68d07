import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createService, type ServiceDefinition } from "@micro/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createWireSandbox, type WireSandbox } from "./sandbox.ts";

let sandbox: WireSandbox;

beforeAll(async () => {
  sandbox = await createWireSandbox({ "@micro/core": "packages/core" });
});
afterAll(() => sandbox.remove());

/** A composition that lists `plugins` of parts.ts, with more options. */
const composition = (plugins: string, { options = "", definition = "sample", more = "" } = {}): string =>
  `import * as parts from "./parts.ts";
   ${more}
   export const definition = parts.${definition};
   export const options = { plugins: [${plugins}], configFile: false, ${options} };`;

/** What a start of the composition that stands there fails with. */
async function startError(): Promise<string> {
  // A module that has changed is another module by its query.
  const url = `${pathToFileURL(join(sandbox.path, "src/composition.ts")).href}?${Math.random()}`;
  const { definition, options } = (await import(url)) as {
    readonly definition: ServiceDefinition;
    readonly options: { readonly plugins: readonly never[] };
  };
  return await createService(definition as never, options).then(
    () => "",
    ({ message }: Error) => message,
  );
}

describe("what stops a start stops generating, in the same words", () => {
  test.each([
    [
      "a missing provider",
      composition("parts.secondPlugin"),
      "plugins: plugin 'second-plain' needs component 'first', and no plugin of it is listed\n      list a plugin that definePlugin(first, …) made",
    ],
    [
      "a need of the service that nobody provides",
      composition("parts.firstPlugin", { definition: "needy" }),
      "plugins: service 'sample' needs component 'second', and no plugin of it is listed",
    ],
    [
      "two providers of one name",
      composition("parts.firstPlugin, parts.otherFirst"),
      "plugins[1]: two plugins of 'first' answer to one name: 'plain' and 'other'\n      list one of them",
    ],
    [
      "two providers of which nothing chooses one",
      composition("parts.firstPlugin, parts.thirdFirst"),
      "createService: several plugins of 'first' are listed (plain, third) and nothing chooses\n      set first.plugin",
    ],
    [
      "a cycle",
      composition("parts.circular, parts.secondPlugin"),
      "plugins: dependency cycle: first → second → first\n      one of these plugins must not need the next",
    ],
    [
      "what is no plugin",
      composition("undefined, parts.firstPlugin"),
      "plugins[0]: this is no plugin, but undefined",
    ],
    [
      "a mistake in the options",
      composition("parts.firstPlugin", { options: "frist: { key: 'a' }" }),
      "createService: unknown section 'frist'; this service has first\n      did you mean 'first'?",
    ],
  ])("%s", async (_what, text, expected) => {
    await sandbox.write({ "src/composition.ts": text });
    const { status, stderr, stdout } = await sandbox.wire();
    expect(stderr).toContain(expected);
    expect(stderr).toBe(`micro: ${await startError()}\n`);
    expect([status, stdout]).toEqual([2, ""]);
    await expect(sandbox.read("src/wire.gen.ts")).rejects.toThrow("ENOENT");
  });

  test("a cycle that another choice of the configuration would make", async () => {
    await sandbox.write({
      "src/composition.ts": composition("parts.firstPlugin, parts.circular, parts.secondPlugin", {
        options: "first: { plugin: 'plain' }",
      }),
    });
    const { status, stderr } = await sandbox.wire();
    expect(stderr).toContain("plugins: dependency cycle: first → second → first");
    expect(status).toBe(2);
    expect(await startError()).toBe("");
  });
});

describe("what cannot be written as code is named, with what to do", () => {
  test.each([
    [
      "a secret",
      composition("parts.firstPlugin", { options: "first: { key: 'hunter2' }" }),
      "options.first.key: this is a secret, and generated code would show it",
    ],
    [
      "a function that no module exports",
      composition("parts.firstPlugin", { options: "hooks: { afterStart: [() => undefined] }" }),
      "options.hooks.afterStart.0: this is a function that no other module exports",
    ],
    [
      "an instance that no module exports",
      composition("parts.firstPlugin", { options: "signal: new AbortController().signal" }),
      "options.signal: this is an instance of AbortSignal that no other module exports",
    ],
    [
      "a plugin that the composition itself defines",
      composition("own", {
        more: "import { definePlugin } from '@micro/core';\nexport const own = definePlugin(parts.first, { name: 'own', create: () => ({}) });",
      }),
      "composition.ts: no other module exports plugin 'first-own'\n      move it to a module of its own and export it there",
    ],
  ])("%s", async (_what, text, expected) => {
    await sandbox.write({ "src/composition.ts": text });
    const { status, stderr } = await sandbox.wire();
    expect(stderr).toContain("micro: service 'sample' cannot be wired: 1 problem\n");
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("hunter2");
    expect(status).toBe(2);
  });

  test("a module that would bring the composition along", async () => {
    await sandbox.write({
      "src/hooks.ts": 'import { options } from "./composition.ts";\nexport const hook = () => options;',
      "src/composition.ts": composition("parts.firstPlugin", {
        more: "import { hook } from './hooks.ts';",
        options: "hooks: { afterStart: hook }",
      }),
    });
    const { status, stderr } = await sandbox.wire();
    expect(stderr).toContain(
      "wire.gen.ts: './hooks.ts', which exports the value of options.hooks.afterStart, imports the composition",
    );
    expect(status).toBe(2);
  });

  test("a plugin of a package that only a set has installed", async () => {
    await sandbox.write({
      "src/composition.ts": `
        export { sample as definition } from "./parts.ts";
        import { set } from "a-set";
        export const options = { plugins: set };`,
      "node_modules/a-set/package.json":
        '{"name":"a-set","version":"1.0.0","type":"module","exports":"./index.js"}',
      "node_modules/a-set/index.js": 'import { plugin } from "a-plugin"; export const set = [plugin];',
      "node_modules/a-set/node_modules/a-plugin/package.json":
        '{"name":"a-plugin","version":"1.0.0","type":"module","exports":"./index.js"}',
      "node_modules/a-set/node_modules/a-plugin/index.js":
        'import { first, definePlugin } from "../../../../src/again.ts"; export const plugin = definePlugin(first, { name: "set", create: () => ({}) });',
      "src/again.ts": 'export { first } from "./parts.ts"; export { definePlugin } from "@micro/core";',
    });
    const { status, stderr } = await sandbox.wire();
    expect(stderr).toContain(
      "wire.gen.ts: plugin 'first-set' is of package 'a-plugin', which is not installed here\n      npm install a-plugin",
    );
    expect(status).toBe(2);
  });
});

describe("a wrong command line", () => {
  test.each([
    ["no such module", "src/composition.ts", undefined, [], "there is no module 'src/composition.ts'"],
    [
      "a module without a definition",
      "src/composition.ts",
      "export const options = { plugins: [] };",
      [],
      "exports no composition: 'definition' is missing",
    ],
    [
      "a module without options",
      "src/composition.ts",
      "export { sample as definition } from './parts.ts';",
      [],
      "exports no composition: 'options' is missing",
    ],
    ["a module that fails", "src/composition.ts", "throw new Error('boom');", [], "cannot be loaded: boom"],
    [
      "an output that is no TypeScript",
      "src/composition.ts",
      composition("parts.firstPlugin"),
      ["--out", "wire.js"],
      "--out must be a .ts file",
    ],
  ])("%s", async (_what, name, text, args, expected) => {
    const other = await createWireSandbox({ "@micro/core": "packages/core" });
    try {
      if (text !== undefined) await other.write({ [name]: text });
      const { status, stderr } = await other.wire(...args);
      expect(stderr).toContain(expected);
      expect(status).toBe(2);
    } finally {
      await other.remove();
    }
  });
});
