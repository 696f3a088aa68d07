import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cleanEnvironment, mustRun } from "@micro/checks/run-command";
import { repositoryRoot } from "@micro/checks/workspace";

/** One Node that the packages must run on. */
export interface SupportedNode {
  /** `v22.23.3` */
  readonly version: string;
  readonly executable: string;
}

/** What runs beside the Node of the workspace. Fetched here and not with it: nothing else needs these 110 MB. */
const OTHERS = ["22.23.3", "26.10.0"];
/** The only platform that both of them have an npm package for. */
const FETCHED = "linux-x64";
const FETCH_TIMEOUT_MS = 300_000;

/**
 * The Node that runs this, and the other supported majors, each a binary that npm keeps in the cache folder of the
 * workspace. Majors that this platform has none of are returned as `missing`.
 */
export async function findNodes(): Promise<{
  readonly nodes: readonly SupportedNode[];
  readonly missing: readonly string[];
}> {
  const own = { version: process.version, executable: process.execPath };
  const others = OTHERS.filter((version) => majorOf(version) !== majorOf(process.version));
  if (`${process.platform}-${process.arch}` !== FETCHED) return { nodes: [own], missing: others };
  const nodes = await Promise.all(others.map(fetchNode));
  return { nodes: [...nodes, own].sort((a, b) => majorOf(a.version) - majorOf(b.version)), missing: [] };
}

const majorOf = (version: string): number => Number.parseInt(version.replace("v", ""), 10);

async function fetchNode(version: string): Promise<SupportedNode> {
  const folder = join(repositoryRoot, "node_modules/.cache/nodes", version);
  const executable = join(folder, `node_modules/node-${FETCHED}/bin/node`);
  if (!existsSync(executable)) {
    await mkdir(folder, { recursive: true });
    // No scripts: the package is the binary.
    const flags = ["--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
    await mustRun("npm", ["install", ...flags, `node-${FETCHED}@${version}`], {
      cwd: folder,
      env: cleanEnvironment(),
      timeoutMs: FETCH_TIMEOUT_MS,
    });
  }
  const said = (await mustRun(executable, ["--version"], { cwd: folder })).trim();
  if (said !== `v${version}`) throw new Error(`${executable} should be Node ${version} and is ${said}`);
  return { version: said, executable };
}
