import { type AnyPlugin, defineService, type ServiceDefinition } from "@micro/core";
import type { CommandContext } from "../context.ts";
import { usageError } from "../failure.ts";
import { SERVICE_CATALOG } from "./catalog.ts";
import { findOrTell, importFile, type MissingPlugins, pluginsAmong, resolveModule } from "./find-plugin.ts";

/** A service as far as its configuration goes. */
export interface Composition {
  readonly definition: ServiceDefinition;
  readonly plugins: readonly AnyPlugin[];
  /** What stands beside the plugins in code. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Plugins that the file, a flag or a variable chooses and that are not there. */
  readonly missing: MissingPlugins;
}

/**
 * The composition that a module exports: `plugins`, a list, or `options`, what `createService` is given; `definition`
 * when its name matters. Without a module: the plugins of this command and, of those that the file chooses beside
 * them, the ones that are installed.
 */
export async function serviceComposition(
  module: string | undefined,
  context: CommandContext,
): Promise<Composition> {
  if (module !== undefined) return await compositionOf(module, context.cwd);
  const { search, choices } = context;
  const plugins: AnyPlugin[] = [];
  const missing: MissingPlugins = new Map();
  const file = await choices.file();
  const sections = new Set([
    ...Object.keys(SERVICE_CATALOG),
    ...search.extra.map(({ component }) => component.name as string),
  ]);
  for (const section of Object.keys(file.content)) sections.add(section);
  for (const component of sections) {
    const entry = SERVICE_CATALOG[component];
    const built = await Promise.all(Object.values(entry?.plugins ?? {}).map((load) => load()));
    const own = search.extra.filter((plugin) => plugin.component.name === component);
    const known = [...own, ...built.filter(({ name }) => own.every((plugin) => plugin.name !== name))];
    const choice = entry?.multiple ? undefined : await choices.of(component);
    const isThere =
      choice === undefined || known.some(({ name, aliases }) => [name, ...aliases].includes(choice.name));
    const found = isThere ? undefined : await findOrTell(choice, search, missing);
    plugins.push(...known, ...(found === undefined ? [] : [found]));
  }
  return { definition: defineService({ name: "service" }), plugins, options: {}, missing };
}

/** The composition that a module exports. Rejects with a usage error when there is none. */
export async function compositionOf(module: string, cwd: string): Promise<Composition> {
  const file = resolveModule(module, cwd);
  if (file === undefined)
    throw usageError(`--service: there is no module '${module}'`, `it is looked for in ${cwd}`);
  const exported = await importFile(file, module);
  const options = isObject(exported.options) ? exported.options : {};
  const plugins = pluginsAmong([exported.plugins, options.plugins]);
  if (plugins.length === 0) {
    throw usageError(
      `--service: '${module}' exports no plugins`,
      "export const plugins = [...defaults]; or export const options = { plugins: [...defaults], … };",
    );
  }
  const definition = isObject(exported.definition)
    ? (exported.definition as unknown as ServiceDefinition)
    : undefined;
  return {
    definition: definition ?? defineService({ name: "service" }),
    plugins,
    options,
    missing: new Map(),
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
