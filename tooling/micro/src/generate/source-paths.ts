import { readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

/** Where files are looked for. */
export interface SourcePaths {
  /** What relative paths are relative to; absolute. */
  readonly baseDir: string;
  /** Absolute, in the order in which they are searched. */
  readonly include: readonly string[];
}

/** A file and its two names. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** As others import it: relative to an include path, with forward slashes. */
  readonly name: string;
  /** Relative to `baseDir` where that is shorter. */
  readonly shownPath: string;
}

/** The names of a file: the longest include path that holds it decides, as it is what its importers use. */
export function nameFile(path: string, { baseDir, include }: SourcePaths): FoundFile {
  const roots = [...include, baseDir].filter((root) => isInside(path, root));
  const root = roots.toSorted((a, b) => b.length - a.length)[0] ?? dirname(path);
  return { path, name: slashes(relative(root, path)), shownPath: shown(path, baseDir) };
}

/** The file of an import: in the include paths, then beside the file that imports it. Else the folders that were searched. */
export async function findImport(
  name: string,
  importer: string,
  paths: SourcePaths,
): Promise<FoundFile | { readonly searched: readonly string[] }> {
  const folders = [...new Set([...paths.include, dirname(importer)])];
  for (const folder of folders) {
    const path = join(folder, name);
    if ((await kindOf(path)) === "file") return nameFile(path, paths);
  }
  return { searched: folders.map((folder) => shown(folder, paths.baseDir) || ".") };
}

/** Where something that the user named is: as written, or in an include path. */
export async function locateInput(
  given: string,
  { baseDir, include }: SourcePaths,
): Promise<{ readonly path: string; readonly kind: "file" | "folder" } | undefined> {
  for (const dir of [baseDir, ...include]) {
    const path = resolve(dir, given);
    const kind = await kindOf(path);
    if (kind !== undefined) return { path, kind };
  }
  return undefined;
}

/** Every `.proto` file in a folder, in the order of their paths. */
export async function listProtoFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".proto"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** True for a path in the folder or the folder itself. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** True for a path that is a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await kindOf(path)) === "folder";
}

/** What a path is; undefined when there is nothing. */
async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? "folder" : "file";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** A path as people know it: relative to the base where that does not lead out of it. */
export function shown(path: string, baseDir: string): string {
  return isInside(path, baseDir) ? slashes(relative(baseDir, path)) : path;
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}
