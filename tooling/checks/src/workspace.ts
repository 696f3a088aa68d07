import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";

/**
 * The layers of docs/architecture.md, and the tooling that may look at all of them. A `technology` is what the plugins of
 * one technology share, `plugins/nats`. A `tool` is tooling that is published: a program of its own that brings the
 * plugins it uses, as a set does.
 */
export type PackageKind = "core" | "component" | "technology" | "plugin" | "set" | "app" | "tool" | "tooling";

/** The fields of a package.json that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: unknown;
  readonly engines?: { readonly node?: string };
  readonly repository?: { readonly directory?: string };
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly publishConfig?: {
    readonly access?: string;
    readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };
}

/** One package of the workspace. */
export interface WorkspacePackage {
  readonly name: string;
  readonly kind: PackageKind;
  /** Goes to the npm registry: everything in packages/ and plugins/, and the tools. */
  readonly published: boolean;
  readonly dir: string;
  /** The folder as written in messages: relative to the repository, with forward slashes. */
  readonly path: string;
  readonly manifest: Manifest;
  /** The package.json as written, for line numbers. */
  readonly manifestText: string;
}

/** The repository that this file belongs to. */
export const repositoryRoot: string = resolve(import.meta.dirname, "../../..");

/** Reads every package below packages/, plugins/, apps/ and tooling/, sorted by path. */
export async function readWorkspace(root: string = repositoryRoot): Promise<readonly WorkspacePackage[]> {
  const folders = ["packages", "plugins", "apps", "tooling"].map((folder) => join(root, folder));
  const found = await Promise.all(folders.map((folder) => readPackages(root, folder, 2)));
  return found.flat().sort((a, b) => a.path.localeCompare(b.path, "en"));
}

async function readPackages(root: string, folder: string, depth: number): Promise<WorkspacePackage[]> {
  const own = await readPackage(root, folder);
  if (own !== undefined) return [own];
  if (depth === 0) return [];
  const children = (await entriesOf(folder)).filter((entry) => entry.isDirectory() && !isIgnored(entry.name));
  const nested = await Promise.all(
    children.map((entry) => readPackages(root, join(folder, entry.name), depth - 1)),
  );
  return nested.flat();
}

async function readPackage(root: string, dir: string): Promise<WorkspacePackage | undefined> {
  const manifestText = await readTextIfPresent(join(dir, "package.json"));
  if (manifestText === undefined) return undefined;
  const path = relative(root, dir).split(sep).join("/");
  const manifest = JSON.parse(manifestText) as Manifest;
  const kind = kindOf(path, manifest);
  const published = kind === "tool" || /^(packages|plugins)\//.test(path);
  return { name: manifest.name, kind, published, dir, path, manifest, manifestText };
}

function kindOf(path: string, manifest: Manifest): PackageKind {
  if (path === "packages/core") return "core";
  if (path.startsWith("packages/")) return "component";
  if (path.startsWith("plugins/set-")) return "set";
  if (path.startsWith("plugins/")) return path.includes("-") ? "plugin" : "technology";
  if (path.startsWith("apps/")) return "app";
  return manifest.private === true ? "tooling" : "tool";
}

/** All files below a folder that a person wrote: no installed, built or hidden ones. Absolute, sorted. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = (await entriesOf(folder)).filter((entry) => !isIgnored(entry.name));
  const lists = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? await listFiles(path) : [path];
  });
  return (await Promise.all(lists)).flat().sort();
}

/** The text of a file, or undefined if there is none. */
export async function readTextIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function isIgnored(name: string): boolean {
  return name.startsWith(".") || name === "node_modules" || name === "dist" || name === "coverage";
}
