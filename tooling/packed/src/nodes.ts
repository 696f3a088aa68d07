import { existsSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "@micro/checks/run-command";
import { repositoryRoot } from "@micro/checks/workspace";

/** One Node that the packages must run on. */
export interface SupportedNode {
  /** `v22.23.3` */
  readonly version: string;
  readonly executable: string;
}

const MAJORS = [22, 24, 26];

/**
 * Finds the Node binaries that were installed for this platform: the one that runs this, and those of
 * tooling/node22 and tooling/node26. Majors that have none here are returned as `missing`.
 */
export async function findNodes(): Promise<{
  readonly nodes: readonly SupportedNode[];
  readonly missing: readonly number[];
}> {
  const candidates = [process.execPath, ...MAJORS.map(installedBinary).filter(existsSync)];
  const nodes = new Map<number, SupportedNode>();
  for (const executable of candidates) {
    const version = (await mustRun(executable, ["--version"], { cwd: repositoryRoot })).trim();
    const major = Number.parseInt(version.slice(1), 10);
    if (!nodes.has(major)) nodes.set(major, { version, executable });
  }
  const supported = MAJORS.flatMap((major) => nodes.get(major) ?? []);
  return { nodes: supported, missing: MAJORS.filter((major) => !nodes.has(major)) };
}

function installedBinary(major: number): string {
  return join(repositoryRoot, `tooling/node${major}/node_modules/.bin/node`);
}
