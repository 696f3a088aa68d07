import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkBoundaries } from "./boundaries.ts";

type Json = Record<string, unknown>;

/** What a package of the fixture differs in from a good one. */
interface FixturePackage {
  readonly source?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly manifest?: Json;
  readonly peers?: readonly string[];
  readonly references?: readonly string[];
}

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "micro-boundaries-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, content: string | Json): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
}

function exportsOf(names: readonly string[], conditions: (name: string) => Json): Json {
  return Object.fromEntries(names.map((name) => [name === "index" ? "." : `./${name}`, conditions(name)]));
}

/** Writes a package that breaks no rule, except for what the caller changes. */
async function writePackage(path: string, { source, files, manifest, peers, references }: FixturePackage) {
  const folder = path.slice(path.indexOf("/") + 1);
  const entries = path.startsWith("packages/") ? ["index", "conformance", "internal"] : ["index"];
  const built = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  const ours = Object.fromEntries((peers ?? []).map((peer) => [`@micro/${peer}`, "workspace:^"]));
  await write(`${path}/package.json`, {
    name: `@micro/${folder}`,
    version: "0.1.0",
    description: "A fixture",
    license: "Apache-2.0",
    type: "module",
    repository: { type: "git", url: "git+https://example.test/x.git", directory: path },
    engines: { node: "^22.18 || >=24" },
    sideEffects: false,
    exports: exportsOf(entries, (name) => ({ "@micro/source": `./src/${name}.ts`, ...built(name) })),
    files: ["dist", "src", "!src/**/*.test.ts", "!src/**/*.bench.ts", "!dist/**/*.tsbuildinfo"],
    peerDependencies: ours,
    devDependencies: ours,
    publishConfig: { access: "public", exports: exportsOf(entries, built) },
    ...manifest,
  });
  const paths = (references ?? peers ?? []).map((name) => ({ path: `../../packages/${name}` }));
  await write(`${path}/tsconfig.json`, { references: paths });
  await write(`${path}/README.md`, "# A fixture");
  await write(
    `${path}/src/index.ts`,
    source ?? (peers ?? []).map((peer) => `import "@micro/${peer}";`).join("\n"),
  );
  for (const entry of entries.slice(1)) await write(`${path}/src/${entry}.ts`, "export {};");
  for (const [name, text] of Object.entries(files ?? {})) await write(`${path}/${name}`, text);
}

/** A workspace of core, two components and a plugin, with one package replaced or added. */
async function violationsWith(changes: Readonly<Record<string, FixturePackage>>): Promise<string[]> {
  const packages: Record<string, FixturePackage> = {
    "packages/core": {},
    "packages/broker": { peers: ["core"] },
    "packages/registry": { peers: ["core"] },
    "plugins/broker-one": { peers: ["broker", "core"] },
    ...changes,
  };
  await write("package.json", { devDependencies: { vitest: "1.0.0" } });
  await write("tsconfig.json", { references: Object.keys(packages).map((path) => ({ path: `./${path}` })) });
  for (const [path, fixture] of Object.entries(packages)) await writePackage(path, fixture);
  const { violations } = await checkBoundaries(root);
  return violations.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

test("a workspace that keeps the rules has no violation", async () => {
  const test = `import "vitest"; import "node:fs"; import "../src/index.ts"; import "@micro/broker-one";`;
  const files = { "test/a.test.ts": test };
  expect(await violationsWith({ "plugins/broker-one": { peers: ["broker", "core"], files } })).toEqual([]);
});

describe("layers", () => {
  test("a component does not import a plugin", async () => {
    const source = `import "@micro/core";\nimport type { X } from "@micro/broker-one";`;
    const found = await violationsWith({ "packages/broker": { peers: ["core"], source } });
    expect(found).toContainEqual(
      expect.stringMatching(/^packages\/broker\/src\/index\.ts:2 a component must not import a plugin/),
    );
  });

  test("a component does not import another component, but selector may import registry", async () => {
    const found = await violationsWith({
      "packages/broker": { peers: ["core", "registry"] },
      "packages/selector": { peers: ["core", "registry"] },
    });
    expect(found).toEqual([
      expect.stringContaining("a component must not import a component (@micro/registry)"),
    ]);
  });

  test.each([
    ["an import", `import { a } from "@micro/broker-one";`],
    ["a re-export", `export * from "@micro/broker-one";`],
    ["a type", `/** A. */ export type A = import("@micro/broker-one").A;`],
    ["a dynamic import", `/** A. */ export const a = () => import("@micro/broker-one");`],
    ["require", `/** A. */ export const a = require("@micro/broker-one");`],
  ])("a plugin does not reach another plugin by %s", async (_, line) => {
    const source = `import "@micro/broker";\nimport "@micro/core";\n${line}`;
    const found = await violationsWith({ "plugins/broker-two": { peers: ["broker", "core"], source } });
    expect(found).toEqual([
      expect.stringMatching(/^plugins\/broker-two\/src\/index\.ts:3 a plugin must not import a plugin/),
    ]);
  });

  test("a plugin may use another plugin in its tests, declared and without a circle", async () => {
    const files = { "src/a.test.ts": `import "@micro/broker-one";` };
    const base = { peers: ["broker", "core"], files };
    expect(await violationsWith({ "plugins/broker-two": base })).toEqual([
      expect.stringContaining("@micro/broker-one is not declared: add it to devDependencies"),
    ]);
  });

  test("a published package does not import an app", async () => {
    const found = await violationsWith({
      "apps/tour": { manifest: { private: true } },
      "plugins/broker-two": {
        peers: ["broker", "core"],
        files: { "src/a.test.ts": `import "@micro/tour";` },
      },
    });
    expect(found).toEqual([expect.stringContaining("@micro/broker-two is published and @micro/tour is not")]);
  });

  test("an app does not use ./internal, a plugin may", async () => {
    const source = `import "@micro/core/internal";`;
    const found = await violationsWith({
      "apps/tour": { source, manifest: { dependencies: { "@micro/core": "workspace:^" } } },
      "plugins/broker-two": { peers: ["core"], source },
    });
    expect(found).toEqual([expect.stringContaining("@micro/core/internal is for our own packages only")]);
  });

  test("nobody reaches past the exports of a package or out of its own folder", async () => {
    const source = `import "@micro/core";\nimport "@micro/core/src/di.ts";\nimport "../../../packages/core/src/index.ts";`;
    expect(await violationsWith({ "plugins/broker-two": { peers: ["core"], source } })).toEqual([
      expect.stringMatching(/index\.ts:2 @micro\/core does not export "\.\/src\/di\.ts"/),
      expect.stringMatching(/index\.ts:3 .* leaves the package/),
    ]);
  });
});

describe("libraries", () => {
  const withLibrary = (library: string): FixturePackage => ({
    peers: ["core"],
    source: `import "@micro/core";\nimport "${library}";`,
    manifest: {
      dependencies: { [library]: "1.0.0" },
      peerDependencies: { "@micro/core": "workspace:^" },
      devDependencies: { "@micro/core": "workspace:^" },
    },
  });

  test("tsyringe belongs to core alone", async () => {
    expect(await violationsWith({ "plugins/broker-two": withLibrary("tsyringe") })).toEqual([
      expect.stringMatching(/index\.ts:2 only @micro\/core imports tsyringe/),
    ]);
  });

  test("a component imports no library but the schema library", async () => {
    const found = await violationsWith({
      "packages/registry": withLibrary("valibot"),
      "packages/broker": withLibrary("nats"),
    });
    expect(found).toEqual([expect.stringContaining("move the use of nats to a plugin")]);
  });

  test("a library has one owner", async () => {
    const found = await violationsWith({
      "plugins/broker-nats": withLibrary("nats"),
      "plugins/store-nats": withLibrary("nats"),
    });
    const message = "nats is imported by @micro/broker-nats and @micro/store-nats";
    expect(found).toEqual([expect.stringContaining(message), expect.stringContaining(message)]);
  });

  test("plugins of one technology share the package that owns its library", async () => {
    const plugin = { peers: ["core", "nats"] };
    const shared = withLibrary("nats");
    const changes = { "plugins/nats": shared, "plugins/broker-nats": plugin, "plugins/store-nats": plugin };
    expect(await violationsWith(changes)).toEqual([]);
  });

  test("what plugins of one technology share knows no component", async () => {
    const found = await violationsWith({ "plugins/nats": { peers: ["broker", "core"] } });
    expect(found).toEqual([
      expect.stringContaining("a technology must not import a component (@micro/broker)"),
    ]);
  });

  test("what is imported is declared", async () => {
    const source = `import "@micro/core";\nimport "nats";`;
    expect(await violationsWith({ "plugins/broker-two": { peers: ["core"], source } })).toEqual([
      "plugins/broker-two/src/index.ts:2 nats is not declared: add it to dependencies of plugins/broker-two/package.json",
    ]);
  });
});

describe("package.json", () => {
  test("a declared peer is imported", async () => {
    const source = `import "@micro/core";`;
    const found = await violationsWith({ "plugins/broker-two": { peers: ["broker", "core"], source } });
    expect(found).toEqual([expect.stringMatching(/package\.json:\d+ peer @micro\/broker is never imported/)]);
  });

  test("ranges of our own packages follow the workspace", async () => {
    const manifest = { peerDependencies: { "@micro/core": "^0.1.0" } };
    const found = await violationsWith({ "plugins/broker-two": { peers: ["core"], manifest } });
    expect(found).toEqual([expect.stringContaining(`@micro/core is "^0.1.0", write "workspace:^"`)]);
  });

  test("a set brings the peers of its plugins", async () => {
    const found = await violationsWith({
      "plugins/set-one": {
        source: `import "@micro/broker-one";`,
        manifest: { dependencies: { "@micro/broker-one": "workspace:^", "@micro/core": "workspace:^" } },
        references: ["broker-one", "core"],
      },
    });
    expect(found).toEqual([expect.stringContaining("@micro/broker-one needs its peer @micro/broker")]);
  });

  test("circles are found through devDependencies too", async () => {
    const manifest = {
      devDependencies: { "@micro/core": "workspace:^", "@micro/broker-one": "workspace:^" },
    };
    const found = await violationsWith({ "packages/broker": { peers: ["core"], manifest } });
    expect(found).toEqual([
      expect.stringContaining("circle of dependencies: @micro/broker → @micro/broker-one → @micro/broker"),
    ]);
  });

  test.each<[string, Json, string]>([
    ["its folder's name", { name: "@micro/other" }, `"@micro/broker-two"`],
    ["sideEffects", { sideEffects: true }, "sideEffects must be false"],
    ["engines", { engines: { node: ">=20" } }, "engines.node must be"],
    ["license", { license: "MIT" }, "license must be"],
    ["files", { files: ["dist"] }, `files must list "src"`],
    [
      "publishConfig",
      { publishConfig: { access: "public" } },
      "publishConfig.exports must be exports without",
    ],
  ])("a published package has %s right", async (_, manifest, message) => {
    const found = await violationsWith({ "plugins/broker-two": { manifest } });
    expect(found.join("\n")).toContain(message);
  });

  test("an export names a source that exists", async () => {
    const found = await violationsWith({ "plugins/broker-two": {} });
    expect(found).toEqual([]);
    await rm(join(root, "plugins/broker-two/src/index.ts"));
    const { violations } = await checkBoundaries(root);
    expect(violations.map(({ message }) => message)).toEqual([
      expect.stringContaining("names ./src/index.ts, which does not exist"),
    ]);
  });

  test("what only tests share is neither built nor packed", async () => {
    const files = { "src/testing/sample.ts": "export const a = 1;" };
    expect(await violationsWith({ "plugins/broker-two": { files } })).toEqual([
      expect.stringContaining(`tsconfig.json:1 exclude must list "src/testing"`),
      expect.stringContaining(`files must list "!src/testing"`),
    ]);
  });

  test("tsconfig references follow the dependencies", async () => {
    const found = await violationsWith({ "plugins/broker-two": { peers: ["core"], references: ["broker"] } });
    expect(found).toEqual([
      "plugins/broker-two/tsconfig.json:1 add a reference to core: package.json depends on it",
      "plugins/broker-two/tsconfig.json:1 remove the reference to broker: package.json does not depend on it",
    ]);
  });
});

test("the command lists every violation with file and line and exits 1", async () => {
  await violationsWith({
    "packages/broker": { peers: ["core"], source: `import "@micro/core";\nimport "nats";` },
  });
  const command = promisify(execFile)(process.execPath, [join(import.meta.dirname, "boundaries.ts"), root]);
  await expect(command).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^packages\/broker\/src\/index\.ts:2 [\s\S]*\nboundaries: 1 violations in 4 packages\n$/,
    ),
  });
});
