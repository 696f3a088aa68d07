import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { manifestViolation, type Violation } from "./violation.ts";
import { readTextIfPresent, type WorkspacePackage } from "./workspace.ts";

const SOURCE_CONDITION = "@micro/source";
const ENGINES = "^22.18 || >=24";
const FILES = ["dist", "src", "!src/**/*.test.ts", "!src/**/*.bench.ts", "!dist/**/*.tsbuildinfo"];

/** The folder of what tests of this package share. */
const TEST_MATERIAL = "src/testing";

/** Checks that a published package is complete and says the same everywhere. */
export async function checkManifest(pkg: WorkspacePackage): Promise<readonly Violation[]> {
  return [...checkFields(pkg), ...checkExports(pkg), ...(await checkTsconfig(pkg))];
}

function checkFields(pkg: WorkspacePackage): Violation[] {
  const { manifest } = pkg;
  const found: Violation[] = [];
  const expect = (good: boolean, near: string, message: string) => {
    if (!good) found.push(manifestViolation(pkg, near, message));
  };
  const folder = posix.basename(pkg.path);
  // npm looks for `npm create micro` under this name, without a scope.
  const expectedName = folder.startsWith("create-") ? folder : `@micro/${folder}`;
  expect(manifest.name === expectedName, '"name"', `the name must follow the folder: "${expectedName}"`);
  expect(manifest.private !== true, '"private"', "is published: remove private, or move it to tooling/");
  expect(Boolean(manifest.version), '"version"', "has no version: add one");
  expect(Boolean(manifest.description), '"description"', "has no description: add one sentence");
  expect(manifest.license === "Apache-2.0", '"license"', 'license must be "Apache-2.0"');
  expect(manifest.type === "module", '"type"', 'type must be "module"');
  expect(manifest.sideEffects === false, '"sideEffects"', "sideEffects must be false");
  expect(manifest.engines?.node === ENGINES, '"engines"', `engines.node must be "${ENGINES}"`);
  expect(
    manifest.repository?.directory === pkg.path,
    '"repository"',
    `repository.directory must be "${pkg.path}"`,
  );
  expect(
    manifest.publishConfig?.access === "public",
    '"publishConfig"',
    'publishConfig.access must be "public"',
  );
  for (const entry of FILES) {
    expect(manifest.files?.includes(entry) === true, '"files"', `files must list "${entry}"`);
  }
  expect(
    existsSync(join(pkg.dir, "README.md")),
    '"name"',
    "has no README.md: write one with an example that runs",
  );
  return found;
}

/** In the repository exports point at src first; what is published is the same without that. */
function checkExports(pkg: WorkspacePackage): Violation[] {
  const { exports = {}, publishConfig } = pkg.manifest;
  const found: Violation[] = [];
  const report = (message: string, near = '"exports"') => found.push(manifestViolation(pkg, near, message));
  if (exports["."] === undefined) report('exports has no ".": export src/index.ts');
  if (pkg.kind === "component" && exports["./conformance"] === undefined) {
    report('a component exports "./conformance", the test suite of its plugins: add it');
  }
  const published: Record<string, unknown> = {};
  for (const [subpath, target] of Object.entries(exports)) {
    if (subpath === "./package.json") {
      published[subpath] = target;
      continue;
    }
    const near = `"${subpath}": {`;
    const source = typeof target === "string" ? undefined : target[SOURCE_CONDITION];
    const match = /^\.\/src\/(.+)\.ts$/.exec(source ?? "");
    if (match === null) {
      report(`exports["${subpath}"] needs "${SOURCE_CONDITION}": "./src/….ts" as its first condition`, near);
      continue;
    }
    const built = { types: `./dist/${match[1]}.d.ts`, default: `./dist/${match[1]}.js` };
    published[subpath] = built;
    if (JSON.stringify(target) !== JSON.stringify({ [SOURCE_CONDITION]: source, ...built })) {
      report(
        `exports["${subpath}"] must be exactly ${SOURCE_CONDITION}, ${JSON.stringify(built)}, in this order`,
        near,
      );
    }
    if (!existsSync(join(pkg.dir, source ?? ""))) {
      report(
        `exports["${subpath}"] names ${source}, which does not exist: write it or remove the export`,
        near,
      );
    }
  }
  if (JSON.stringify(publishConfig?.exports) !== JSON.stringify(published)) {
    report(`publishConfig.exports must be exports without "${SOURCE_CONDITION}"`, '"publishConfig"');
  }
  return found;
}

/** What the compiler builds, and in which order, must be what package.json says. */
async function checkTsconfig(pkg: WorkspacePackage): Promise<Violation[]> {
  const file = `${pkg.path}/tsconfig.json`;
  const text = await readTextIfPresent(join(pkg.dir, "tsconfig.json"));
  if (text === undefined) return [{ file, line: 1, message: "is missing: copy it from a sibling package" }];
  const found = checkReferences(pkg, text).map((message) => ({ file, line: 1, message }));
  if (!existsSync(join(pkg.dir, TEST_MATERIAL))) return found;
  const { exclude = [] } = JSON.parse(text) as { exclude?: readonly string[] };
  if (!exclude.includes(TEST_MATERIAL)) {
    found.push({ file, line: 1, message: `exclude must list "${TEST_MATERIAL}": it is not published` });
  }
  if (pkg.manifest.files?.includes(`!${TEST_MATERIAL}`) !== true) {
    found.push(manifestViolation(pkg, '"files"', `files must list "!${TEST_MATERIAL}": it is not published`));
  }
  return found;
}

function checkReferences(pkg: WorkspacePackage, text: string): readonly string[] {
  const { dependencies, peerDependencies } = pkg.manifest;
  const ours = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) =>
    name.startsWith("@micro/"),
  );
  const referenced = new Set(readReferences(text).map((path) => posix.basename(path)));
  const expected = new Set(ours.map((name) => name.slice("@micro/".length)));
  const missing = [...expected].filter((name) => !referenced.has(name));
  const extra = [...referenced].filter((name) => !expected.has(name));
  return [
    ...missing.map((name) => `add a reference to ${name}: package.json depends on it`),
    ...extra.map((name) => `remove the reference to ${name}: package.json does not depend on it`),
  ];
}

/** Checks that the root tsconfig.json builds every published package. */
export async function checkSolution(
  root: string,
  packages: readonly WorkspacePackage[],
): Promise<readonly Violation[]> {
  const text = await readTextIfPresent(join(root, "tsconfig.json"));
  const referenced = new Set(readReferences(text ?? "{}").map((path) => posix.normalize(path)));
  return packages
    .filter((pkg) => pkg.published && !referenced.has(pkg.path))
    .map((pkg) => ({ file: "tsconfig.json", line: 1, message: `add a reference to ./${pkg.path}` }));
}

function readReferences(text: string): readonly string[] {
  const { references = [] } = JSON.parse(text) as { references?: readonly { path: string }[] };
  return references.map(({ path }) => path);
}
