import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { measureImport } from "./import-time.ts";
import { installPacked, packPackages, withOurDependencies } from "./tarballs.ts";
import { readWorkspace, repositoryRoot, type WorkspacePackage } from "./workspace.ts";

/** What importing `@micro/core` may add to the start of a process, on a quiet machine. */
const IMPORT_BUDGET_MS = 40;
/** Shared machines are slower: the check fails above this multiple of the budget. */
const IMPORT_MARGIN = 1.5;
/** What a minimal service may bring into node_modules, itself not counted. */
const PACKAGE_BUDGET = 25;

const MINIMAL_SERVICE = [
  "@micro/core",
  "@micro/server",
  "@micro/client",
  "@micro/server-rpc",
  "@micro/client-rpc",
  "@micro/transport-http",
  "@micro/registry-mdns",
  "@micro/codec-json",
];

/** One measured number against its limit. */
interface BudgetLine {
  readonly text: string;
  readonly kept: boolean;
}

async function checkImportTime(workspace: readonly WorkspacePackage[]): Promise<BudgetLine> {
  const core = workspace.find(({ name }) => name === "@micro/core");
  if (core === undefined) throw new Error("@micro/core is no package of this workspace");
  const entry = pathToFileURL(join(core.dir, "dist/index.js")).href;
  const { importMs, baselineMs, runs } = await measureImport(entry);
  const limit = IMPORT_BUDGET_MS * IMPORT_MARGIN;
  const numbers = `${importMs.toFixed(1)} ms on top of ${baselineMs.toFixed(1)} ms of bare Node ${process.versions.node}`;
  const text = `import of @micro/core: ${numbers} (median of ${runs}, ${availableParallelism()} cores); budget ${IMPORT_BUDGET_MS} ms, fails above ${limit} ms`;
  return { text, kept: importMs <= limit };
}

async function checkPackageCount(workspace: readonly WorkspacePackage[]): Promise<BudgetLine> {
  const folder = await mkdtemp(join(tmpdir(), "micro-budget-"));
  try {
    const needed = withOurDependencies(MINIMAL_SERVICE, workspace);
    const consumer = join(folder, "consumer");
    await installPacked(consumer, await packPackages(needed, join(folder, "tarballs")));
    const names = await installedPackages(consumer);
    const text = `minimal service: ${names.length} packages installed; budget ${PACKAGE_BUDGET}\n  ${names.join(" ")}`;
    return { text, kept: names.length <= PACKAGE_BUDGET };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function installedPackages(folder: string): Promise<readonly string[]> {
  const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  const paths = Object.keys(lock.packages).filter((path) => path !== "");
  return paths.map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)).sort();
}

if (import.meta.main) {
  const workspace = await readWorkspace(repositoryRoot);
  const lines = [await checkImportTime(workspace), await checkPackageCount(workspace)];
  for (const { text, kept } of lines) console.log(`${kept ? "ok  " : "OVER"} ${text}`);
  if (lines.some(({ kept }) => !kept)) process.exitCode = 1;
}
