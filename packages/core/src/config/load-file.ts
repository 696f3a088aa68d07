import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { formatSize } from "../units.ts";
import { inspectData } from "./inspect.ts";
import { jsonErrorPlace } from "./json-error.ts";
import { modulePlaces } from "./module-places.ts";
import { nearestPlace, type Place, type Places, placeAt } from "./places.ts";
import type { Problem } from "./settings.ts";
import { tomlPlaces } from "./toml-places.ts";
import { yamlPlaces } from "./yaml-places.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_ALIASES = 1000;
const MAX_TEXTS = 50;

const SEARCH_PLACES = ["yaml", "yml", "json", "toml", "config.ts", "config.js", "config.mjs"].map(
  (end) => `micro.${end}`,
);

/** The first configuration file of a folder; undefined when there is none. One that cannot be read counts. */
export async function findConfigFile(folder: string): Promise<string | undefined> {
  const places = SEARCH_PLACES.map((name) => join(folder, name));
  const found = await Promise.all(
    places.map((path) =>
      stat(path).then(
        (file) => file.isFile(),
        (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
      ),
    ),
  );
  return places[found.indexOf(true)];
}

/** Rejects when `path` is nothing that can be read as a configuration file. */
export async function checkFile(path: string): Promise<void> {
  const file = await stat(path);
  if (file.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR", path });
  // A pipe is what `--config <(…)` of a shell gives.
  if (!file.isFile() && !file.isFIFO()) throw new Error("it is neither a file nor a pipe");
  checkSize(file.size);
}

function checkSize(size: number): void {
  if (size <= MAX_FILE_BYTES) return;
  throw new Error(
    `it is larger than ${formatSize(MAX_FILE_BYTES)}, which is the most that is read of a configuration`,
  );
}

/** Where the bytes were none of UTF-8 stands the one character that says so: a password would be another one. */
function checkText(raw: string): void {
  const offset = raw.indexOf("\uFFFD");
  if (offset >= 0) throw Object.assign(new Error("it is no UTF-8: save it as such"), placeAt(raw, offset));
}

/** One text that was read: the file itself, or one that it imports (`$import` of cosmiconfig). */
export interface ReadText {
  readonly path: string;
  readonly places: Places;
}

/** What reading a file gives. */
export interface LoadedFile {
  readonly content: unknown;
  /** Texts in the order they were read: the file itself first. */
  readonly texts: readonly ReadText[];
  /** What must not stand in a file; the content is not to be used then. */
  readonly problems: readonly Problem[];
}

/** Reads a file by its extension; YAML when it has none. `show` turns a path and a place into what people read. */
export async function loadConfigFile(
  path: string,
  show: (path: string, place?: Place) => string,
): Promise<LoadedFile> {
  // Loaded late: a service without a configuration file does not pay for readers.
  const [{ cosmiconfig }, yaml] = await Promise.all([import("cosmiconfig"), import("js-yaml")]);
  const texts: ReadText[] = [];
  const problems: Problem[] = [];
  type Reader = (text: string) => Promise<{ content: unknown; places: Places }>;
  const data =
    (read: Reader) =>
    async (filepath: string, raw: string): Promise<unknown> => {
      checkSize(raw.length); // of a pipe or an imported file it is not known before
      checkText(raw);
      if (texts.length === MAX_TEXTS) throw new Error(`it imports more than ${MAX_TEXTS} files`);
      const { content, places } = await read(raw.replace(/^\uFEFF/, ""));
      texts.push({ path: filepath, places });
      const where = (keys: readonly string[]) => show(filepath, nearestPlace([{ places }], keys)?.place);
      problems.push(...inspectData(content, where));
      return content;
    };
  const readYaml = data(async (text) => {
    const documents = yaml.loadAll(text, { maxAliases: MAX_ALIASES });
    if (documents.length > 1) throw new Error("it holds several documents, and only one can be meant");
    return { content: documents[0] ?? null, places: yamlPlaces(text, yaml) };
  });
  const readJson = data(async (text) => {
    const content = parseJson(text);
    refuseDoubledKeys(text, yaml);
    return { content, places: yamlPlaces(text, yaml) };
  });
  const readToml = data(async (text) => {
    const { parse } = await import("smol-toml");
    return { content: parse(text), places: tomlPlaces(text) };
  });
  const readModule = async (filepath: string, text: string): Promise<unknown> => {
    const content = await loadModule(filepath);
    texts.push({ path: filepath, places: modulePlaces(text) });
    return content;
  };
  const explorer = cosmiconfig("micro", {
    cache: false,
    searchStrategy: "none",
    mergeImportArrays: false,
    loaders: {
      noExt: readYaml,
      ".yaml": readYaml,
      ".yml": readYaml,
      ".json": readJson,
      ".toml": readToml,
      ...Object.fromEntries(["ts", "mts", "cts", "js", "mjs", "cjs"].map((end) => [`.${end}`, readModule])),
    },
  });
  const result = await explorer.load(path);
  return { content: result?.isEmpty ? null : (result?.config as unknown), texts, problems };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser quotes what stands there, which may be a secret; the place says enough.
    const { message } = error as Error;
    const what =
      (/^([^"]*?)(?: in JSON)? at position \d/.exec(message) ?? /^([^,"]*)/.exec(message))?.[1] ?? "";
    throw Object.assign(new SyntaxError(`${what.trim()}: this is not valid JSON`), jsonErrorPlace(text));
  }
}

/** The reader of JSON takes the last of two values in silence; that of YAML says so, and where. */
function refuseDoubledKeys(text: string, yaml: typeof import("js-yaml")): void {
  try {
    yaml.load(text);
  } catch (error) {
    // Whatever else YAML finds wrong with a text that is JSON is no mistake.
    if (error instanceof Error && error.message.startsWith("duplicated mapping key")) throw error;
  }
}

async function loadModule(path: string): Promise<unknown> {
  const { default: content } = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  if (content === undefined) throw new Error("it has no default export: write `export default { … }`");
  return content;
}
