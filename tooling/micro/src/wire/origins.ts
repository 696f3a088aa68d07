import { dirname, posix, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Problem } from "@micro/core";
import type { ImportExtension } from "../generate/imports.ts";
import type { ModuleTrace } from "./module-trace.ts";
import { installedFolder, packageFolder, packageNameOf } from "./package-of.ts";

/** An export that generated code can import. */
export interface Origin {
  /** `@micro/server-rpc`, `./clock.ts`. */
  readonly module: string;
  /** Name of the export there. */
  readonly name: string;
}

/** What {@link findOrigins} takes. */
export interface OriginsOptions {
  /** Absolute paths of the composition and of the file that is written. */
  readonly composition: string;
  readonly out: string;
  readonly extension: ImportExtension;
}

/** Where the values of a composition come from. */
export interface Origins {
  /** True when a module other than the composition exports the value. */
  has(value: object): boolean;
  /** The export that brings the fewest modules along, or what stands against it; `what` names the value. */
  of(value: object, what: string): Origin | Problem;
}

interface Candidate extends Origin {
  readonly url: string;
  readonly isLocal: boolean;
}

/** Finds every object and function that the modules of a composition export, the composition itself apart. */
export async function findOrigins(trace: ModuleTrace, options: OriginsOptions): Promise<Origins> {
  const { composition, out, extension } = options;
  const own = packageFolder(out);
  const found = new Map<unknown, Candidate[]>();
  for (const url of trace.modules) {
    const file = fileURLToPath(url);
    if (file === composition || file === out) continue;
    const isLocal = own !== undefined && packageFolder(file) === own;
    const modules = isLocal ? [relativeModule(out, file, extension)] : trace.packageNames(url);
    if (modules.length === 0) continue;
    for (const [name, value] of await exportsOf(url)) {
      const candidates = found.get(value) ?? [];
      found.set(value, candidates);
      candidates.push(...modules.map((module) => ({ module, name, url, isLocal })));
    }
  }
  return {
    has: (value) => found.has(value),
    of(value, what) {
      const [best] = (found.get(value) ?? []).toSorted(
        (a, b) =>
          trace.reach(a.url).size - trace.reach(b.url).size ||
          a.module.length - b.module.length ||
          (a.module + a.name < b.module + b.name ? -1 : 1),
      );
      if (best === undefined) return notExported(what, composition);
      if (trace.reach(best.url).has(pathToFileURL(composition).href)) return circular(best, what, out);
      return best.isLocal ? best : importable(best, what, out);
    },
  };
}

/** The objects and functions that a module exports. Modules that failed to load, and were done without, export nothing. */
async function exportsOf(url: string): Promise<readonly (readonly [string, object])[]> {
  const module = (await import(url).catch(() => ({}))) as Readonly<Record<string, unknown>>;
  return Object.entries(module).filter(
    (entry): entry is [string, object] =>
      (typeof entry[1] === "object" && entry[1] !== null) || typeof entry[1] === "function",
  );
}

function relativeModule(from: string, to: string, extension: ImportExtension): string {
  const path = relative(dirname(from), to).split(sep).join(posix.sep);
  const renamed = {
    ".ts": path,
    ".js": path.replace(/\.([cm]?)ts$/, ".$1js"),
    none: path.replace(/\.[cm]?[jt]s$/, ""),
  }[extension];
  return renamed.startsWith(".") ? renamed : `./${renamed}`;
}

function notExported(what: string, composition: string): Problem {
  return {
    where: shortName(composition),
    message: `no other module exports ${what}`,
    hint: "move it to a module of its own and export it there: generated code imports it, and not the composition",
  };
}

function circular({ module }: Candidate, what: string, out: string): Problem {
  return {
    where: shortName(out),
    message: `'${module}', which exports ${what}, imports the composition`,
    hint: "move one of them: with the composition everything that it lists would come along",
  };
}

/** A package must be installed where the generated code stands: sets and plugins bring theirs for themselves alone. */
function importable({ module, name, url }: Candidate, what: string, out: string): Origin | Problem {
  const packageName = packageNameOf(module);
  const installed = installedFolder(packageName, out);
  if (installed !== undefined && url.startsWith(`${pathToFileURL(installed).href}/`)) return { module, name };
  return {
    where: shortName(out),
    message:
      installed === undefined
        ? `${what} is of package '${packageName}', which is not installed here`
        : `${what} is of package '${packageName}', of which another copy is installed here`,
    hint: `npm install ${packageName}`,
  };
}

const shortName = (file: string): string => file.slice(file.lastIndexOf(sep) + 1);
