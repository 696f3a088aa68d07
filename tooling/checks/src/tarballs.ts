import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./run-command.ts";
import { repositoryRoot, type WorkspacePackage } from "./workspace.ts";

/** A package as it would be published. */
export interface PackedPackage {
  readonly pkg: WorkspacePackage;
  /** Absolute path of the .tgz. */
  readonly tarball: string;
}

/** Packs what is built now, as `pnpm publish` would, into a folder. Needs pnpm in PATH and a finished build. */
export async function packPackages(
  packages: readonly WorkspacePackage[],
  folder: string,
): Promise<readonly PackedPackage[]> {
  await mkdir(folder, { recursive: true });
  const filters = packages.flatMap(({ name }) => ["--filter", name]);
  await mustRun("pnpm", [...filters, "pack", "--pack-destination", folder], { cwd: repositoryRoot });
  return packages.map((pkg) => {
    const { name, version } = pkg.manifest;
    return { pkg, tarball: join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`) };
  });
}

/** The packages of these names and everything of ours that they need, peers included, optional ones not. */
export function withOurDependencies(
  names: readonly string[],
  workspace: readonly WorkspacePackage[],
): readonly WorkspacePackage[] {
  const byName = new Map(workspace.map((pkg) => [pkg.name, pkg]));
  const found = new Map<string, WorkspacePackage>();
  const visit = (name: string) => {
    const pkg = byName.get(name);
    if (pkg === undefined || found.has(name)) return;
    found.set(name, pkg);
    const { dependencies, peerDependencies, peerDependenciesMeta = {} } = pkg.manifest;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (peerDependenciesMeta[needed]?.optional !== true) visit(needed);
    }
  };
  for (const name of names) {
    if (!byName.has(name)) throw new Error(`${name} is no package of this workspace`);
    visit(name);
  }
  return [...found.values()];
}

/**
 * Installs packed packages with plain npm into an empty folder, together with `extra` packages of the
 * registry. Our own packages come from their tarballs wherever they are asked for, never from a registry.
 */
export async function installPacked(
  folder: string,
  packed: readonly PackedPackage[],
  extra: Readonly<Record<string, string>> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = Object.fromEntries(packed.map(({ pkg, tarball }) => [pkg.name, `file:${tarball}`]));
  const references = Object.fromEntries(packed.map(({ pkg }) => [pkg.name, `$${pkg.name}`]));
  const manifest = {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { ...files, ...extra },
    overrides: references,
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const options = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--loglevel=error"];
  await mustRun("npm", ["install", ...options, "--prefix", folder], { cwd: folder, timeoutMs: 240_000 });
}
