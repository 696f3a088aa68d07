import type { DeclaredFlag } from "@micro/cli";
import type { AnyPlugin } from "@micro/core";
import { CATALOG, componentOfFlag, SERVICE_CATALOG } from "./catalog.ts";
import { type Choices, lastValue } from "./choices.ts";
import { findOrTell, findPlugin, type MissingPlugins, type PluginSearch } from "./find-plugin.ts";

/** What {@link readComponentFlags} works with. */
export interface ComponentFlagsOptions {
  readonly search: PluginSearch;
  readonly choices: Choices;
  /** Flags of the commands: they belong to no component. */
  readonly ownFlags: ReadonlyMap<string, unknown>;
  /** Told of plugins that are chosen and not there: the flags are then those of the component's default. */
  readonly missing: MissingPlugins;
}

/**
 * The flags of the components that a line mentions, of the plugins that are chosen for them. Nothing is loaded for a
 * line that mentions none.
 */
export async function readComponentFlags(
  argv: readonly string[],
  { search, choices, ownFlags, missing }: ComponentFlagsOptions,
): Promise<ReadonlyMap<string, DeclaredFlag>> {
  const names = argv
    .flatMap((argument) => /^--?(?:no-)?([a-z]\w*)/.exec(argument)?.[1] ?? [])
    .filter((name) => !ownFlags.has(name));
  if (names.length === 0) return new Map();
  const isConfig = argv.includes("config");
  const module = isConfig ? lastValue(argv, "service") : undefined;
  const given = [
    ...search.extra,
    ...(module === undefined ? [] : await pluginsOfService(module, search.cwd)),
  ];
  const listed = given.filter((plugin) => names.some((name) => belongsTo(name, plugin)));
  const taken = new Set(listed.map((plugin) => plugin.component.name as string));
  const catalog = isConfig ? SERVICE_CATALOG : CATALOG;
  const mentioned = new Set(names.flatMap((name) => componentOfFlag(name, catalog) ?? []));
  const plugins = [...mentioned]
    .filter((component) => !taken.has(component))
    .map(async (component): Promise<readonly AnyPlugin[]> => {
      const { default: name = "", multiple = false, plugins: all = {} } = catalog[component] ?? {};
      if (multiple) return await Promise.all(Object.values(all).map((load) => load()));
      // What a file says of logging is meant for the service alone.
      const isForeign = component === "logger" && !isConfig;
      const chosen = isForeign ? choices.typed(component) : await choices.of(component);
      const byDefault = { component, name, where: "default" };
      const found = await findOrTell(chosen ?? byDefault, search, missing);
      return [found ?? (await findPlugin(byDefault, search))];
    });
  const found = [...listed, ...(await Promise.all(plugins)).flat()];
  if (found.length === 0) return new Map();
  const [{ declareFlags }, { collectSections, configFields }] = await Promise.all([
    import("@micro/cli"),
    import("@micro/core/internal"),
  ]);
  const { sections } = collectSections([...new Set(found)]);
  return declareFlags({ fields: configFields(sections.values()) }).flags;
}

async function pluginsOfService(module: string, cwd: string): Promise<readonly AnyPlugin[]> {
  const { compositionOf } = await import("./service-composition.ts");
  return (await compositionOf(module, cwd)).plugins;
}

function belongsTo(flag: string, plugin: AnyPlugin): boolean {
  const { name } = plugin.component as { readonly name: string };
  return flag === name || flag.startsWith(`${name}_`);
}
