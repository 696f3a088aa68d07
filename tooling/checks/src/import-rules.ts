import { isBuiltin } from "node:module";
import { dirname, relative, resolve, sep } from "node:path";
import { splitSpecifier } from "./imports.ts";
import type { PackageKind, WorkspacePackage } from "./workspace.ts";

/** One import with everything that the rules need to know about it. */
export interface ImportFact {
  readonly from: WorkspacePackage;
  /** Absolute. */
  readonly file: string;
  readonly line: number;
  /** A test or benchmark: not published, may use devDependencies and other plugins. */
  readonly test: boolean;
  readonly specifier: string;
  /** The package named, undefined for relative paths, `#` imports and Node's own modules. */
  readonly packageName: string | undefined;
  readonly subpath: string;
}

/** The workspace as the import rules see it. */
export interface ImportContext {
  readonly packages: ReadonlyMap<string, WorkspacePackage>;
  /** Names in the root package.json: available to every test. */
  readonly rootDependencies: ReadonlySet<string>;
}

const OUR_SCOPE = "@micro/";

/** What the runtime code of each kind of package may import from the others. */
const LAYERS: Readonly<Record<PackageKind, ReadonlySet<PackageKind>>> = {
  core: new Set(),
  component: new Set(["core"]),
  technology: new Set(["core"]),
  plugin: new Set(["core", "component", "technology"]),
  set: new Set(["core", "component", "plugin"]),
  app: new Set(["core", "component", "plugin", "set", "app"]),
  tool: new Set(["core", "component", "technology", "plugin", "set", "tool"]),
  tooling: new Set(["core", "component", "technology", "plugin", "set", "app", "tool", "tooling"]),
};

/** Component packages whose interface is written in terms of another component's types. */
const COMPONENT_EXCEPTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["@micro/selector", new Set(["@micro/registry"])],
]);

/** Two copies of these in one process do not see each other's metadata. Tooling runs in processes of its own. */
const CORE_ONLY: ReadonlySet<string> = new Set(["tsyringe", "reflect-metadata"]);

/** The schema library: the one library that every published package may import. */
export const SCHEMA_LIBRARY = "valibot";

/** Libraries that hold both ends of a wire, whose ends are plugins of different components. */
const BOTH_ENDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["@grpc/grpc-js", new Set(["@micro/client-grpc", "@micro/server-grpc"])],
]);

/** Completes what was found in a file to a fact about the importing package. */
export function importFact(
  from: WorkspacePackage,
  file: string,
  site: { readonly specifier: string; readonly line: number },
): ImportFact {
  const { specifier, line } = site;
  const named = !specifier.startsWith(".") && !specifier.startsWith("#") && !isBuiltin(specifier);
  const [packageName, subpath] = splitSpecifier(specifier);
  const fact = { from, file, line, test: isTestFile(from, file), specifier, subpath };
  return { ...fact, packageName: named ? packageName : undefined };
}

/** True for tests, benchmarks and what only they use, and for templates: what these import is the scaffold's to declare. */
export function isTestFile(pkg: WorkspacePackage, file: string): boolean {
  const folders = relative(pkg.dir, dirname(file)).split(sep);
  const apart = ["test", "testing", "templates"].some((folder) => folders.includes(folder));
  return apart || /\.(test|bench)\.[cm]?[jt]s$/.test(file);
}

/** What is wrong with one import, if anything: a message that says what to do. */
export function checkImport(fact: ImportFact, context: ImportContext): string | undefined {
  if (fact.specifier.startsWith(".")) return checkRelative(fact);
  if (fact.packageName === undefined) return undefined;
  return fact.packageName.startsWith(OUR_SCOPE)
    ? checkOurs(fact, fact.packageName, context)
    : checkExternal(fact, fact.packageName, context);
}

function checkRelative({ from, file, specifier }: ImportFact): string | undefined {
  const target = relative(from.dir, resolve(dirname(file), specifier));
  if (!target.startsWith("..")) return undefined;
  return `"${specifier}" leaves the package: import the other package by its name`;
}

function checkOurs(fact: ImportFact, name: string, context: ImportContext): string | undefined {
  const { from, subpath, test } = fact;
  if (name === from.name) {
    return test ? undefined : `${name} imports itself by name: use a relative path`;
  }
  const target = context.packages.get(name);
  if (target === undefined) return `${name} is no package of this workspace: check the name`;
  const layer = checkLayer(fact, target);
  if (layer !== undefined) return layer;
  if (!Object.hasOwn(target.manifest.exports ?? {}, subpath)) {
    const exported = Object.keys(target.manifest.exports ?? {}).join(", ");
    return `${name} does not export "${subpath}" (it exports ${exported}): import one of these, or export it there`;
  }
  if (subpath === "./internal" && from.kind === "app") {
    return `${name}/internal is for our own packages only: use what "${name}" itself exports`;
  }
  return checkDeclared(fact, name, context);
}

function checkLayer({ from, test }: ImportFact, target: WorkspacePackage): string | undefined {
  // Tests are not published: what they use besides is tooling.
  if (from.published && !target.published && !(test && target.kind === "tooling")) {
    return `${from.name} is published and ${target.name} is not: move the shared code to a published package`;
  }
  if (test || LAYERS[from.kind].has(target.kind)) return undefined;
  if (COMPONENT_EXCEPTIONS.get(from.name)?.has(target.name)) return undefined;
  const allowed = [...LAYERS[from.kind]].join(", ") || "no other package of ours";
  const advice =
    from.kind === "plugin" && target.kind === "plugin"
      ? "list its component in `needs` and take what core hands in"
      : "move the code down a layer, or the import up";
  return `a ${from.kind} must not import a ${target.kind} (${target.name}), only ${allowed}: ${advice}`;
}

function checkExternal(fact: ImportFact, name: string, context: ImportContext): string | undefined {
  const { from } = fact;
  if (CORE_ONLY.has(name) && from.kind !== "core" && from.kind !== "tooling") {
    return `only @micro/core imports ${name}: use what @micro/core/di exports`;
  }
  if (from.kind === "component" && !fact.test && name !== SCHEMA_LIBRARY) {
    return `a component has no runtime dependency but core and ${SCHEMA_LIBRARY}: move the use of ${name} to a plugin`;
  }
  return checkDeclared(fact, name, context);
}

function checkDeclared({ from, test }: ImportFact, name: string, context: ImportContext): string | undefined {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = from.manifest;
  const shipped = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  if (Object.hasOwn(shipped, name)) return undefined;
  if (test || !from.published) {
    if (Object.hasOwn(devDependencies ?? {}, name)) return undefined;
    if (context.rootDependencies.has(name)) return undefined;
    return `${name} is not declared: add it to devDependencies of ${from.path}/package.json`;
  }
  const shares = name.startsWith(OUR_SCOPE) && from.kind !== "set" && from.kind !== "tool";
  const field = shares ? "peerDependencies" : "dependencies";
  return `${name} is not declared: add it to ${field} of ${from.path}/package.json`;
}

/** Finds the libraries that the runtime code of more than one published package imports. */
export function checkLibraryOwners(facts: readonly ImportFact[]): readonly (readonly [ImportFact, string])[] {
  const owners = new Map<string, Map<string, ImportFact>>();
  for (const fact of facts) {
    const { packageName: name, from } = fact;
    if (fact.test || !from.published || name === undefined) continue;
    // A tool is a program of its own: nothing meets its copy of a library.
    if (from.kind === "tool") continue;
    if (name.startsWith(OUR_SCOPE) || name === SCHEMA_LIBRARY) continue;
    const users = owners.get(name) ?? new Map<string, ImportFact>();
    if (!users.has(from.name)) users.set(from.name, fact);
    owners.set(name, users);
  }
  return [...owners].flatMap(([name, users]) => {
    const ends = BOTH_ENDS.get(name);
    const others = [...users.keys()].filter((user) => ends?.has(user) !== true);
    if (users.size < 2 || others.length === 0) return [];
    const all = [...users.keys()].sort().join(" and ");
    const message = `${name} is imported by ${all}: one package wraps a library, the others use that package`;
    return [...users.values()].map((fact) => [fact, message] as const);
  });
}
