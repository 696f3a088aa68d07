import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { installPacked, packPackages } from "@micro/checks/tarballs";
import { type Manifest, readWorkspace, repositoryRoot } from "@micro/checks/workspace";
import { exportedSpecifiers, importEverything, runCommands, typeCheck } from "./consumer.ts";
import { checkContents } from "./contents.ts";
import { lintTarballs } from "./linters.ts";
import { findNodes } from "./nodes.ts";
import { serveRegistry } from "./registry.ts";
import { SCAFFOLDS, tryScaffold } from "./scaffolds.ts";
import { serveAndCall } from "./service.ts";

/** Collects what fails, so that one run shows everything. */
const failures: string[] = [];

/** Runs one step and prints how it went; returns its result, or undefined if it failed. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T | undefined> {
  const start = performance.now();
  const report = (mark: string) => {
    console.log(`${mark} ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  };
  try {
    const result = await work();
    report("ok  ");
    return result;
  } catch (error) {
    report("FAIL");
    failures.push(`${title}\n${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Fails a step with a list of problems. */
function mustBeEmpty(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

async function checkPacked(folder: string): Promise<void> {
  const published = (await readWorkspace()).filter((pkg) => pkg.published);
  const packed = await step(`pack ${published.length} packages`, () =>
    packPackages(published, join(folder, "tarballs")),
  );
  if (packed === undefined) return;
  await step("contents of the tarballs", async () => {
    mustBeEmpty((await Promise.all(packed.map(checkContents))).flat());
  });
  await step("publint and attw on every tarball", async () => mustBeEmpty(await lintTarballs(packed)));

  const consumer = join(folder, "consumer");
  const installed = await step("npm install of the tarballs in an empty folder", async () => {
    await installPacked(consumer, packed, await rootVersions("@types/node"));
    return true;
  });
  if (!installed) return;
  const specifiers = exportedSpecifiers(packed);
  const found = await step("Node binaries of the other supported versions", findNodes);
  if (found === undefined) return;
  const { nodes, missing } = found;
  for (const node of nodes) {
    await step(`import of ${specifiers.length} exports on Node ${node.version}`, () =>
      importEverything(consumer, specifiers, node),
    );
    await step(`commands on Node ${node.version}`, () => runCommands(consumer, packed, node));
    await step(`service and client on Node ${node.version}`, () => serveAndCall(consumer, node));
  }
  for (const version of missing) {
    console.log(`not run on Node ${version}: no binary of it for ${process.platform}-${process.arch}`);
  }
  await using registry = await serveRegistry(packed);
  for (const scaffold of SCAFFOLDS) {
    const { kind, name } = scaffold;
    await step(`npm create micro ${kind} ${name}: install, build, test, run`, async () => {
      const target = join(folder, "scaffolds");
      await mkdir(target, { recursive: true });
      await tryScaffold(target, scaffold, { packed, registry: registry.url });
    });
  }
  await step("type check of a strict consumer", () => typeCheck(consumer, specifiers));
}

/** Versions as pinned in the root package.json. */
async function rootVersions(...names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(repositoryRoot, "package.json"), "utf8");
  const { devDependencies = {} } = JSON.parse(text) as Manifest;
  return Object.fromEntries(names.map((name) => [name, devDependencies[name] ?? "*"]));
}

const folder = await mkdtemp(join(tmpdir(), "micro-packed-"));
try {
  await checkPacked(folder);
} finally {
  if (process.argv.includes("--keep")) console.log(`kept ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(failures.map((failure) => `\nFAIL ${failure}`).join("\n"));
  process.exitCode = 1;
}
