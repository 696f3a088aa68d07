import { readFile } from "node:fs/promises";
import type { ImportedFile, ImportStatement, Problem, SourceFile } from "./model.ts";
import { parseFile } from "./parse-file.ts";
import {
  type FoundFile,
  findImport,
  isFolder,
  isInside,
  listProtoFiles,
  locateInput,
  nameFile,
  type SourcePaths,
  shown,
} from "./source-paths.ts";
import { isAnnotationsFile, wellKnownFile } from "./well-known.ts";

/** What was read. */
export interface LoadedFiles {
  /** The files that the user named. */
  readonly inputs: readonly SourceFile[];
  /** Missing files and circles among the imports. */
  readonly problems: readonly Problem[];
}

/** Reads the named files, those in named folders, and whatever they import. */
export async function loadFiles(given: readonly string[], paths: SourcePaths): Promise<LoadedFiles> {
  const problems: Problem[] = [];
  const files: string[] = [];
  const include = [...paths.include];
  for (const folder of include) {
    if (await isFolder(folder)) continue;
    const text = "there is no such folder to look for imports in";
    problems.push({ file: shown(folder, paths.baseDir) || ".", line: undefined, text });
  }
  for (const name of given) {
    const input = await locateInput(name, paths);
    const found = input?.kind === "folder" ? await listProtoFiles(input.path) : input && [input.path];
    if (found === undefined || found.length === 0) {
      const text = found === undefined ? "there is no such file or folder" : "there is no .proto file in it";
      problems.push({ file: name, line: undefined, text });
      continue;
    }
    files.push(...found);
    // A folder that was named is where its files' names begin, unless an include path says otherwise.
    if (input?.kind === "folder" && !include.some((root) => isInside(input.path, root))) {
      include.push(input.path);
    }
  }
  const loader = new Loader({ ...paths, include }, problems);
  const inputs = new Set<SourceFile>();
  for (const path of files) {
    const file = nameFile(path, loader.paths);
    // These come with @micro/core/wkt.
    if (wellKnownFile(file.name) === undefined) inputs.add(await loader.load(file));
  }
  return { inputs: [...inputs], problems };
}

class Loader {
  readonly paths: SourcePaths;
  readonly #problems: Problem[];
  readonly #files = new Map<string, SourceFile>();
  /** The files whose imports are being read, for circles. */
  readonly #trail: FoundFile[] = [];

  constructor(paths: SourcePaths, problems: Problem[]) {
    this.paths = paths;
    this.#problems = problems;
  }

  async load(found: FoundFile): Promise<SourceFile> {
    const known = this.#files.get(found.path);
    if (known !== undefined) return known;
    const parsed = parseFile(await readFile(found.path, "utf8"), found.shownPath);
    const imported: ImportedFile[] = [];
    const file: SourceFile = { ...parsed, name: found.name, shownPath: found.shownPath, imported };
    this.#files.set(found.path, file);
    this.#trail.push(found);
    for (const statement of parsed.imports) imported.push(await this.#import(statement, found));
    this.#trail.pop();
    return file;
  }

  async #import(statement: ImportStatement, importer: FoundFile): Promise<ImportedFile> {
    const { name, line } = statement;
    const wellKnown = wellKnownFile(name);
    if (wellKnown !== undefined) return { statement, file: wellKnown };
    const found = await findImport(name, importer.path, this.paths);
    if (!("searched" in found)) {
      const start = this.#trail.findIndex(({ path }) => path === found.path);
      if (start < 0) return { statement, file: await this.load(found) };
      const circle = [...this.#trail.slice(start), found].map((file) => file.name).join(" → ");
      this.#problems.push({ file: importer.shownPath, line, text: `the imports go in a circle: ${circle}` });
      return { statement, file: undefined };
    }
    if (!isAnnotationsFile(name)) {
      const text = `import "${name}": it is in none of ${found.searched.join(", ")}`;
      this.#problems.push({ file: importer.shownPath, line, text });
    }
    return { statement, file: undefined };
  }
}
