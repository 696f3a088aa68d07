import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { nearestFlag } from "@micro/cli";
import { type AnyPlugin, isPlugin, type Problem } from "@micro/core";
import { pluginPackage } from "@micro/core/internal";
import { Failure, usageError } from "../failure.ts";
import { loadModule } from "../load-module.ts";
import type { CatalogEntry } from "./catalog.ts";

/** Where plugins are looked for. */
export interface PluginSearch {
  readonly catalog: Readonly<Record<string, CatalogEntry>>;
  /** The user's project. */
  readonly cwd: string;
  /** Plugins of modules that were named with `--plugin`. */
  readonly extra: readonly AnyPlugin[];
}

/** Who chose a plugin, for errors. */
export interface PluginChoice {
  readonly component: string;
  readonly name: string;
  /** `--registry`, `REGISTRY`, `micro.yaml:3`. */
  readonly where: string;
}

const NAME = /^[a-z0-9][a-z0-9-]*$/;

/**
 * The plugin of that name: one of `--plugin`, one that the command brings along, or the export of
 * `@micro/<component>-<name>` (the first name of those it answers to), which is looked for beside the command and in the user's project.
 */
export async function findPlugin(choice: PluginChoice, search: PluginSearch): Promise<AnyPlugin> {
  const { component, name, where } = choice;
  const answers = (plugin: AnyPlugin): boolean =>
    plugin.component.name === component && (plugin.name === name || plugin.aliases.includes(name));
  const given = search.extra.find(answers);
  if (given !== undefined) return given;
  const entry = search.catalog[component];
  const built = entry?.aliases?.[name] ?? name;
  if (entry !== undefined && Object.hasOwn(entry.plugins, built))
    return await (entry.plugins[built] as () => Promise<AnyPlugin>)();
  const known = Object.keys(entry?.plugins ?? {}).join(", ") || "none";
  if (!NAME.test(name)) throw usageError(`${where}: '${name}' is no name of a plugin; known: ${known}`);
  const ours = pluginPackage(component, built);
  const specifier = ours ?? `@micro/${component}-${built}`;
  const file = resolveModule(specifier, search.cwd);
  if (file === undefined) {
    const guess = nearestFlag(name, Object.keys(entry?.plugins ?? {}));
    throw usageError(
      `${where}: plugin '${name}' of '${component}' is not there: neither built in (${known}) nor installed`,
      ...(guess === undefined ? [] : [`did you mean '${guess}'?`]),
      ...(ours === undefined ? ofSomebodys(component, search) : [`npm install ${ours}   in ${search.cwd}`]),
      `${ours === undefined ? "" : "or "}name a module that exports such a plugin: --plugin <package or file>`,
    );
  }
  const found = (await pluginsOfModule(file, specifier)).find(answers);
  if (found !== undefined) return found;
  throw usageError(`${where}: ${specifier} exports no plugin '${name}' of '${component}'`);
}

/** A component that is none of ours may be the user's own, or one of ours that is mistyped. */
function ofSomebodys(component: string, { catalog }: PluginSearch): readonly string[] {
  const guess = nearestFlag(component, Object.keys(catalog));
  return guess === undefined ? [] : [`if the component is '${guess}', correct its name`];
}

/** What is wrong with the plugins that were chosen and cannot be had, by component. */
export type MissingPlugins = Map<string, Problem>;

/** {@link findPlugin}; undefined for one that cannot be had, of which `missing` is told. */
export async function findOrTell(
  choice: PluginChoice,
  search: PluginSearch,
  missing: MissingPlugins,
): Promise<AnyPlugin | undefined> {
  try {
    return await findPlugin(choice, search);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { component, where } = choice;
    const { message, hints } = error;
    missing.set(component, {
      where,
      message: message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message,
      ...(hints.length === 0 ? {} : { hint: hints.join("\n      ") }),
    });
    return undefined;
  }
}

/** The plugins that a module exports, one by one or in lists. Rejects with a usage error when it cannot be loaded. */
export async function loadPlugins(module: string, cwd: string): Promise<readonly AnyPlugin[]> {
  const file = resolveModule(module, cwd);
  if (file === undefined) {
    throw usageError(
      `--plugin: there is no module '${module}'`,
      `it must be a package that is installed in ${cwd}, or a file`,
    );
  }
  const found = await pluginsOfModule(file, module);
  if (found.length === 0) throw usageError(`--plugin: '${module}' exports no plugin`);
  return found;
}

/** The file of a package or of a path; undefined when there is none. */
export function resolveModule(module: string, cwd: string): string | undefined {
  const isPath = /^\.{0,2}\//.test(module) || module.startsWith(".") || /\.[cm]?[jt]s$/.test(module);
  const bases = [join(cwd, "package.json"), import.meta.url];
  for (const base of bases) {
    try {
      return createRequire(base).resolve(isPath ? resolve(cwd, module) : module);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "MODULE_NOT_FOUND" && code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error;
    }
  }
  return undefined;
}

async function pluginsOfModule(file: string, name: string): Promise<readonly AnyPlugin[]> {
  return pluginsAmong(Object.values(await importFile(file, name)));
}

/** What a module exports. Rejects with a usage error that says why it cannot be loaded. */
export async function importFile(file: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await loadModule(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`'${name}' cannot be loaded: ${why}${syntaxErrorPlace(error)}`);
  }
}

/** Where code is that Node cannot read, which may be in a module that the named one imports; empty when it does not say. */
function syntaxErrorPlace(error: unknown): string {
  if (!(error instanceof SyntaxError)) return "";
  const [, place] = /^(?:file:\/\/)?(\/.*:\d+)\n/.exec(error.stack ?? "") ?? [];
  return place === undefined ? "" : ` (${place})`;
}

/** The plugins among some values, lists of them included. */
export function pluginsAmong(values: readonly unknown[]): readonly AnyPlugin[] {
  return [
    ...new Set(
      values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value])).filter(isPlugin),
    ),
  ];
}
