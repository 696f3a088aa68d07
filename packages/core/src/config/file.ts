import { extname, relative, resolve } from "node:path";
import { type Lines, tomlLines, yamlLines } from "./lines.ts";
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

const SEARCH_PLACES = ["yaml", "yml", "json", "toml", "config.ts", "config.js", "config.mjs"].map(
  (end) => `micro.${end}`,
);

/** Reads the configuration file, or finds that there is none. Never rejects: what is wrong is in `problems`. */
export async function readConfigFile(request: ConfigFileRequest): Promise<ConfigFile> {
  if (request.path === false) return emptyFile();
  const cwd = request.cwd ?? process.cwd();
  let shown = request.path ?? "the configuration file";
  try {
    const { path, content, lines } = await load(
      request.path === undefined ? undefined : resolve(cwd, request.path),
      cwd,
    );
    if (path === undefined) return emptyFile();
    shown = relative(cwd, path).startsWith("..") ? path : relative(cwd, path);
    if (content === null || content === undefined) return { ...emptyFile(), path: shown };
    if (typeof content !== "object" || Array.isArray(content)) {
      return failed(shown, {
        where: shown,
        message: "the top level must be a map of sections such as 'broker:'",
      });
    }
    return {
      path: shown,
      content: content as Record<string, unknown>,
      problems: [],
      where: (keys) => {
        const line = lines(keys);
        return line === undefined ? shown : `${shown}:${line}`;
      },
    };
  } catch (error) {
    return failed(shown, fileProblem(error, shown, request));
  }
}

interface Loaded {
  readonly path: string | undefined;
  readonly content: unknown;
  readonly lines: Lines;
}

async function load(path: string | undefined, cwd: string): Promise<Loaded> {
  const [{ cosmiconfig, defaultLoaders }, yaml] = await Promise.all([
    import("cosmiconfig"),
    import("js-yaml"),
  ]);
  let lines: Lines = () => undefined;
  const readYaml = (filepath: string, text: string): unknown => {
    if (text.trim() === "") return null;
    lines = yamlLines(text, yaml);
    return yaml.load(text, { filename: filepath });
  };
  const explorer = cosmiconfig("micro", {
    cache: false,
    searchPlaces: SEARCH_PLACES,
    searchStrategy: "none",
    loaders: {
      ".yaml": readYaml,
      ".yml": readYaml,
      ".json": (_filepath, text) => {
        const content: unknown = JSON.parse(text);
        lines = yamlLines(text, yaml);
        return content;
      },
      ".toml": async (_filepath, text) => {
        const { parse } = await import("smol-toml");
        lines = tomlLines(text);
        return parse(text);
      },
      ".ts": defaultLoaders[".ts"],
      ".js": defaultLoaders[".js"],
      ".mjs": defaultLoaders[".mjs"],
    },
  });
  const result = path === undefined ? await explorer.search(cwd) : await explorer.load(path);
  const config: unknown = result?.config;
  // A module's default export arrives as the whole namespace in some loaders.
  const content =
    typeof config === "object" && config !== null && "default" in config ? config.default : config;
  return { path: result?.filepath, content, lines };
}

function fileProblem(error: unknown, shown: string, request: ConfigFileRequest): Problem {
  const { code, message, mark } = error as NodeJS.ErrnoException & { mark?: { line?: number } };
  if (code === "ENOENT" || code === "EACCES" || code === "EISDIR") {
    const what = { ENOENT: "does not exist", EACCES: "must not be read", EISDIR: "is a folder" }[code];
    return {
      where: request.namedBy,
      message: `configuration file '${shown}' ${what}`,
      hint: "name another file, or leave it out",
    };
  }
  if (code === "ERR_MODULE_NOT_FOUND" && /smol-toml/.test(message)) {
    return {
      where: shown,
      message: "reading TOML needs a parser that is not installed",
      hint: "npm install smol-toml",
    };
  }
  if (/No loader/i.test(message)) {
    return {
      where: shown,
      message: `unknown kind of configuration file '${extname(shown)}'`,
      hint: "use .yaml, .yml, .json, .toml, .ts, .js or .mjs",
    };
  }
  const line = mark?.line === undefined ? "" : `:${mark.line + 1}`;
  return { where: `${shown}${line}`, message: `cannot be read: ${message.split("\n")[0]}` };
}

function emptyFile(): ConfigFile {
  return { content: {}, where: () => "no file", problems: [] };
}

function failed(path: string, problem: Problem): ConfigFile {
  return { ...emptyFile(), path, problems: [problem] };
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
  for (const [section, values] of Object.entries(file.content)) add([section], [section], values);
  return { settings, problems };
}

/** `pool_size` → `poolSize`; a key in camelCase stays as it is. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
