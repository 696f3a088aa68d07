import { extname, relative, resolve } from "node:path";
import { errorPlace } from "./error-place.ts";
import { checkFile, findConfigFile, type LoadedFile, loadConfigFile } from "./load-file.ts";
import { nearestPlace, type Place } from "./places.ts";
import type { Origin, Problem, Setting } from "./settings.ts";
import { type Environment, replaceVariables } from "./variables.ts";

/** Where a configuration file is looked for. */
export interface ConfigFileRequest {
  /** A path, relative to `cwd`; undefined to search; false to use none. */
  readonly path: string | false | undefined;
  /** Who named it, for errors: `--config`, `createService`. */
  readonly namedBy: string;
  /** @default process.cwd() */
  readonly cwd?: string;
  /** Variables for `$NAME` in texts of the file; without them a text stays as it is written. */
  readonly env?: Environment;
}

/** What a configuration file says. */
export interface ConfigFile {
  /** Path as people write it; undefined when there is none. */
  readonly path?: string;
  /** Top level of the file; sections and keys as they stand there. */
  readonly content: Readonly<Record<string, unknown>>;
  /** `micro.yaml:12:5` of a path of keys: line and column. */
  readonly where: (keys: readonly string[]) => string;
  /** Names of the variables whose values stand at or below a path of keys. */
  readonly variables: (keys: readonly string[]) => readonly string[];
  readonly problems: readonly Problem[];
}

const NO_FILE: ConfigFile = { content: {}, where: () => "no file", variables: () => [], problems: [] };

/** Reads the configuration file, or finds that there is none. Never rejects: what is wrong is in `problems`. */
export async function readConfigFile(request: ConfigFileRequest): Promise<ConfigFile> {
  if (request.path === false) return NO_FILE;
  let shown = "the configuration file";
  let opened: string | undefined;
  try {
    const cwd = request.cwd ?? process.cwd();
    const show = (path: string, place?: Place): string => {
      const short = relative(cwd, path);
      const name = short.startsWith("..") ? path : short;
      return place === undefined ? name : `${name}:${place.line}:${place.column}`;
    };
    const path = request.path === undefined ? await findConfigFile(cwd) : resolve(cwd, request.path);
    if (path === undefined) return NO_FILE;
    shown = show(path);
    await checkFile(path);
    opened = path;
    return withVariables(asConfigFile(await loadConfigFile(path, show), { shown, show }), request.env);
  } catch (error) {
    const unopened = (error as NodeJS.ErrnoException).path === opened;
    const problem =
      opened === undefined || unopened
        ? fileProblem(error, shown, request)
        : contentProblem(error, shown, opened);
    return { ...NO_FILE, path: shown, problems: [problem] };
  }
}

function asConfigFile(
  { content, texts, problems }: LoadedFile,
  { shown, show }: { shown: string; show: (path: string, place?: Place) => string },
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
    const found = nearestPlace(byStrength, keys);
    return found === undefined ? shown : show(found.text.path, found.place);
  };
  return { ...NO_FILE, path: shown, content: content as Record<string, unknown>, where };
}

/** The same file with the values of variables in its texts. */
function withVariables(file: ConfigFile, env: Environment | undefined): ConfigFile {
  if (env === undefined) return file;
  const { content, problems, variables } = replaceVariables(file.content, { env, where: file.where });
  return {
    ...file,
    content: content as Record<string, unknown>,
    problems: [...file.problems, ...problems],
    variables,
  };
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
function contentProblem(error: unknown, shown: string, opened: string): Problem {
  const { code, message } = error as NodeJS.ErrnoException;
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
  const problem = {
    where: [shown, ...errorPlace(error, opened)].join(":"),
    message: `cannot be read: ${firstLine}`,
  };
  // A parser's error quotes the lines around the mistake, in which secrets may stand.
  return isOfParser(error) ? problem : { ...problem, cause: error };
}

const isOfParser = (error: unknown): boolean =>
  typeof error === "object" && error !== null && ("mark" in error || "line" in error);

/** The values of a file as settings, one per leaf of a section; keys translated to camelCase. */
export function fileSettings(
  file: ConfigFile,
  isScoped: (name: string) => boolean,
): { readonly settings: Setting[]; readonly problems: Problem[] } {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  const originOf = (keys: readonly string[]): Origin => {
    const variables = file.variables(keys);
    return {
      kind: "file",
      where: [file.where(keys), ...variables.map((name) => `$${name}`)].join(" "),
      ...(variables.length === 0 ? {} : { variables }),
      below: (key) => originOf([...keys, key]),
    };
  };
  const add = (path: readonly string[], keys: readonly string[], values: unknown): void => {
    const where = file.where(keys);
    // Names the section, sets nothing: an empty or unknown section is known by its place.
    settings.push({ path, value: undefined, origin: { kind: "file", where } });
    if (values === null || values === undefined) return;
    if (typeof values !== "object" || Array.isArray(values)) {
      problems.push({
        where,
        message: `section '${keys.join(".")}' must be a map, as in '${keys.at(-1)}: {plugin: …}'`,
      });
      return;
    }
    const written = new Map<string, string>();
    for (const [key, value] of Object.entries(values)) {
      const below = [...keys, key];
      const other = written.get(camelCase(key));
      if (other !== undefined) {
        problems.push({
          where: file.where(below),
          message: `'${keys.join(".")}.${key}' says the same as '${other}' (${file.where([...keys, other])})`,
          hint: "keep one of the two",
        });
      }
      written.set(camelCase(key), key);
      if (path.length === 1 && isScoped(key)) add([...path, key], below, value);
      else if (value !== null && value !== undefined) {
        settings.push({ path: [...path, camelCase(key)], value, origin: originOf(below) });
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
