import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Kind, templateFor } from "./kinds.ts";
import { manifestOf, TSCONFIG } from "./manifest.ts";
import { rename, type Spellings, spellingsOf } from "./names.ts";
import { ScaffoldError } from "./scaffold-error.ts";

/** What to make, and where. */
export interface ScaffoldOptions {
  readonly kind: Kind;
  /** `greeter`, `shop.orders`; of plugins `<component>-<technology>`: `broker-mqtt`. */
  readonly name: string;
  /** Against which `out` is taken. */
  readonly cwd: string;
  /** Folder to write to; it must be empty or not there. @default the name, dots as dashes */
  readonly out?: string;
  /** npm scope of the package: `@acme`. @default none; plugins and components are then `micro-<name>` */
  readonly scope?: string;
}

/** What was made. */
export interface Scaffolded {
  /** Absolute. */
  readonly folder: string;
  readonly packageName: string;
  /** Paths in the folder, with forward slashes, sorted. */
  readonly files: readonly string[];
}

const TEMPLATES = fileURLToPath(new URL("../templates/", import.meta.url));
/** Files that npm leaves out of packages, or that are no use to others, by the name they have here. */
const DOTTED: Readonly<Record<string, string>> = { gitignore: ".gitignore", dockerignore: ".dockerignore" };

/**
 * Writes a package that runs and whose tests pass. It installs nothing and asks nobody.
 * Rejects with a {@link ScaffoldError} for names that are none and for a folder that is not empty: nothing is written then.
 */
export async function scaffold(options: ScaffoldOptions): Promise<Scaffolded> {
  const { kind, name, cwd, scope } = options;
  const spellings = spellingsOf(name, kind);
  const { template, stem, component } = templateFor(kind, name);
  if (scope !== undefined && !/^@[a-z0-9][a-z0-9._-]*$/.test(scope)) {
    throw new ScaffoldError(`'${scope}' is no npm scope: it begins with '@', as @acme`);
  }
  const folder = resolve(cwd, options.out ?? spellings.kebab);
  await mustBeEmpty(folder);
  const packageName = nameOfPackage(kind, spellings, scope);
  const description = descriptionOf(kind, { name, stem, component });
  const names = { ...spellingsOf(stem, kind), package: packageName, component: component ?? "" };
  const folders = ["every", ...(kind === "plugin" ? ["plugin"] : []), template.folder];
  const layers = await Promise.all(folders.map((each) => filesOf(join(TEMPLATES, each), names)));
  for (const layer of layers) {
    const paths = layer.map(([path]) => path);
    const twice = paths.find((path, at) => paths.indexOf(path) !== at);
    if (twice === undefined) continue;
    throw new ScaffoldError(`a ${kind} named '${name}' would have two files ${twice}: choose another name`);
  }
  const files = new Map(layers.flat());
  const manifest = manifestOf({ kind, template, packageName, description, range: await ownRange() });
  files.set("package.json", toJson(manifest));
  files.set("tsconfig.json", toJson(TSCONFIG));
  for (const [path, text] of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
  }
  return { folder, packageName, files: [...files.keys()].sort() };
}

const toJson = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

function nameOfPackage(kind: Kind, { kebab }: Spellings, scope: string | undefined): string {
  if (scope !== undefined) return `${scope}/${kebab}`;
  return kind === "service" ? kebab : `micro-${kebab}`;
}

function descriptionOf(
  kind: Kind,
  {
    name,
    stem,
    component,
  }: { readonly name: string; readonly stem: string; readonly component: string | undefined },
): string {
  if (kind === "service") return `The service ${name}`;
  return kind === "component" ? `The ${name} component of Micro` : `The ${stem} ${component} of Micro`;
}

interface Names extends Spellings {
  readonly package: string;
  /** `broker`, of plugins. */
  readonly component: string;
}

/** The files of one template with the names in place, by path. */
async function filesOf(
  folder: string,
  names: Names,
): Promise<readonly (readonly [path: string, text: string])[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => {
      const path = relative(folder, file).split(sep).join("/");
      return [rename(DOTTED[path] ?? path, names), fill(await readFile(file, "utf8"), names)] as const;
    }),
  );
}

/** Renames, and fills in what only the documents of a template say. */
function fill(text: string, names: Names): string {
  const { pascal } = spellingsOf(names.component || "none", "component");
  return rename(text, names)
    .replaceAll("COMPONENT_PASCAL", pascal)
    .replaceAll("COMPONENT", names.component)
    .replaceAll("PACKAGE", names.package);
}

async function mustBeEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ScaffoldError(`${folder} cannot be used: ${error.message}`);
  });
  const [first] = found.filter((name) => name !== ".git");
  if (first === undefined) return;
  throw new ScaffoldError(`${folder} is not empty (it has ${first}): name another folder with --out`);
}

/** All packages of Micro have one version. */
async function ownRange(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return `^${(JSON.parse(text) as { readonly version: string }).version}`;
}
