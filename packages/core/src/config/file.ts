import { extname, relative, resolve } from "node:path";
import { nearestLine } from "./lines.ts";
import { checkFile, findConfigFile, type LoadedFile, loadConfigFile } from "./load-file.ts";
import type { Problem, Setting } from "./settings.ts";

/** Where a configuration file is looked for. */
export interface ConfigFileRequest {
  /** A path, relative to `cwd`; undefined to search; false to use none. */
  readonly path: string | false | undefined;
  /** Who named it, for errors: `--config`, `createService`. */
  readonly namedBy: string;
  /** @default process.cwd() */
  readonly cwd?: string;
}

/** What a configuration file says. */
export interface ConfigFile {
  /** Path as people write it; undefined when there is none. */
  readonly path?: string;
  /** Top level of the file; sections and keys as they stand there. */
  readonly content: Readonly<Record<string, unknown>>;
  /** `micro.yaml:12` of a path of keys. */
  readonly where: (keys: readonly string[]) => string;
  readonly problems: readonly Problem[];
}

const NO_FILE: ConfigFile = { content: {}, where: () => "no file", problems: [] };

/** Reads the configuration file, or finds that there is none. Never rejects: what is wrong is in `problems`. */
export async function readConfigFile(request: ConfigFileRequest): Promise<ConfigFile> {
  if (request.path === false) return NO_FILE;
  let shown = "the configuration file";
  let opened: string | undefined;
  try {
    const cwd = request.cwd ?? process.cwd();
    const show = (path: string, line?: number): string => {
      const short = relative(cwd, path);
      const name = short.startsWith("..") ? path : short;
      return line === undefined ? name : `${name}:${line}`;
    };
    const path = request.path === undefined ? await findConfigFile(cwd) : resolve(cwd, request.path);
    if (path === undefined) return NO_FILE;
    shown = show(path);
    await checkFile(path);
    opened = path;
    return asConfigFile(await loadConfigFile(path, show), { shown, show });
  } catch (error) {
    const unopened = opened === undefined || (error as NodeJS.ErrnoException).path === opened;
    const problem = unopened ? fileProblem(error, shown, request) : contentProblem(error, shown);
    return { ...NO_FILE, path: shown, problems: [problem] };
  }
}

function asConfigFile(
  { content, texts, problems }: LoadedFile,
  { shown, show }: { shown: string; show: (path: string, line?: number) => string },
): ConfigFile {
  if (problems.length > 0) return { ...NO_FILE, path: shown, problems };
  if (content === null || content === undefined) return { ...NO_FILE, path: shown };
  if (typeof content !== "object" || Array.isArray(content)) {
    const message = "the top level must be a map of sections such as 'broker:'";
    return { ...NO_FILE, path: shown, problems: [{ where: shown, message }] };
  }
  // What the file says itself beats what it imports, and a later import an earlier one.
  const [own, ...imported] = texts;
  const byStrength = own === undefined ? [] : [own, ...imported.reverse()];
  const where = (keys: readonly string[]): string => {
    const found = nearestLine(byStrength, keys);
    return found === undefined ? shown : show(found.text.path, found.line);
  };
  return { path: shown, content: content as Record<string, unknown>, problems: [], where };
}

/** Why the file cannot be opened. */
function fileProblem(error: unknown, shown: string, request: ConfigFileRequest): Problem {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = { ENOENT: "does not exist", EACCES: "must not be read", EISDIR: "is a folder" }[code ?? ""];
  const where = request.path === undefined ? shown : request.namedBy;
  if (what === undefined) return { where, message: `'${shown}' cannot be read: ${message}`, cause: error };
  return {
    where,
    message: `configuration file '${shown}' ${what}`,
    hint:
      request.path === undefined
        ? "give it to this user, or remove it"
        : "name another file, or leave it out",
    cause: error,
  };
}

/** Why what stands in the file cannot be read. */
function contentProblem(error: unknown, shown: string): Problem {
  const { code, message, mark, line } = error as NodeJS.ErrnoException & {
    readonly mark?: { readonly line?: number };
    readonly line?: number;
  };
  const [firstLine = ""] = String(message ?? error).split("\n");
  if (code === "ERR_MODULE_NOT_FOUND" && /smol-toml/.test(firstLine)) {
    return {
      where: shown,
      message: "reading TOML needs a parser that is not installed",
      hint: "npm install smol-toml",
      cause: error,
    };
  }
  if (/^No loader/i.test(firstLine)) {
    return {
      where: shown,
      message: `unknown kind of configuration file '${extname(shown)}'`,
      hint: "use .yaml, .yml, .json, .toml, .ts, .js or .mjs",
      cause: error,
    };
  }
  const at = mark?.line !== undefined ? mark.line + 1 : line;
  return {
    where: at === undefined ? shown : `${shown}:${at}`,
    message: `cannot be read: ${firstLine}`,
    cause: error,
  };
}

/** The values of a file as settings, one per leaf of a section; keys translated to camelCase. */
export function fileSettings(
  file: ConfigFile,
  isScoped: (name: string) => boolean,
): { readonly settings: Setting[]; readonly problems: Problem[] } {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  const add = (path: readonly string[], keys: readonly string[], values: unknown): void => {
    const where = file.where(keys);
    // Names the section, sets nothing: an empty or unknown section is known by its line.
    settings.push({ path, value: undefined, origin: { kind: "file", where } });
    if (values === null || values === undefined) return;
    if (typeof values !== "object" || Array.isArray(values)) {
      problems.push({
        where,
        message: `section '${keys.join(".")}' must be a map, as in '${keys.at(-1)}: {plugin: …}'`,
      });
      return;
    }
    for (const [key, value] of Object.entries(values)) {
      const below = [...keys, key];
      if (path.length === 1 && isScoped(key)) add([...path, key], below, value);
      else if (value !== null && value !== undefined) {
        settings.push({
          path: [...path, camelCase(key)],
          value,
          origin: { kind: "file", where: file.where(below) },
        });
      }
    }
  };
  for (const [section, values] of Object.entries(file.content)) {
    // Editors find the schema of a file by this key.
    if (section !== "$schema") add([section], [section], values);
  }
  return { settings, problems };
}

/** `pool_size` → `poolSize`; a key in camelCase stays as it is. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
