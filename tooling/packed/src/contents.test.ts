import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Manifest, WorkspacePackage } from "@micro/checks/workspace";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkContents } from "./contents.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-contents-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const good: Manifest = {
  name: "@micro/broker",
  version: "0.1.0",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  peerDependencies: { "@micro/core": "^0.1.0" },
};

/** Packs files as npm does, below one folder, and checks them. */
async function problemsOf(manifest: Manifest, paths: readonly string[]): Promise<readonly string[]> {
  const files = new Map(paths.map((path) => [path, path]));
  files.set("package.json", JSON.stringify(manifest));
  for (const [path, content] of files) {
    const file = join(folder, "package", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const tarball = join(folder, "package.tgz");
  await promisify(execFile)("tar", ["--format=ustar", "-czf", tarball, "-C", folder, "package"]);
  const pkg: WorkspacePackage = {
    name: manifest.name,
    kind: "component",
    published: true,
    dir: folder,
    path: "packages/broker",
    manifest,
    manifestText: "",
  };
  return checkContents({ pkg, tarball });
}

const complete = ["README.md", "LICENSE", "dist/index.js", "dist/index.d.ts", "src/index.ts"];

test("a complete tarball has no problem", async () => {
  expect(await problemsOf(good, complete)).toEqual([]);
});

test("says which file an export or a reader misses", async () => {
  expect(await problemsOf(good, ["README.md", "dist/index.js"])).toEqual([
    "@micro/broker lacks LICENSE",
    "@micro/broker lacks dist/index.d.ts",
  ]);
});

test("refuses tests, test material and build caches", async () => {
  const problems = await problemsOf(good, [
    ...complete,
    "src/a.test.ts",
    "src/testing/ca.pem",
    "dist/.tsbuildinfo",
  ]);
  expect([...problems].sort()).toEqual([
    "@micro/broker must not hold dist/.tsbuildinfo",
    "@micro/broker must not hold src/a.test.ts",
    "@micro/broker must not hold src/testing/ca.pem",
  ]);
});

test("refuses what only works inside of the workspace", async () => {
  const manifest: Manifest = {
    ...good,
    exports: { ".": { "@micro/source": "./src/index.ts", default: "./dist/index.js" } },
    peerDependencies: { "@micro/core": "workspace:^" },
  };
  expect(await problemsOf(manifest, complete)).toEqual([
    '@micro/broker asks for @micro/core as "workspace:^", which only this workspace understands',
    "@micro/broker still exports the source condition: publishConfig.exports was not applied",
  ]);
});
