import { nearest } from "../nearest.ts";
import { type Option, type OptionsSchema, snakeCase } from "../option.ts";
import type { AnyPlugin } from "../plugin.ts";
import { asRead } from "./check.ts";
import { howToGetAny } from "./plugin-package.ts";
import { DEFAULT, type ResolvedValue, resolveOption } from "./resolve-option.ts";
import { findPlugin, optionsOf, type Section, unknownPlugin } from "./sections.ts";
import type { Origin, Problem, Setting } from "./settings.ts";

/** What the configuration says of one component, or of one component's own instance of a scoped one. */
export interface ResolvedSection {
  readonly section: Section;
  /** `["broker"]` or `["broker", "logger"]`. */
  readonly path: readonly string[];
  readonly enabled: boolean;
  /** Who switched it off. */
  readonly enabledBy: Origin;
  /** The chosen plugin; all of them for a component of many. Empty when there is none to choose. */
  readonly plugins: readonly AnyPlugin[];
  /** Checked options with defaults, in camelCase: what plugins are given. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly values: readonly ResolvedValue[];
  /** Own instances of scoped components, by the scoped component's name. */
  readonly scoped: ReadonlyMap<string, ResolvedSection>;
}

/** The whole configuration of a service. */
export interface ResolvedConfig {
  readonly sections: ReadonlyMap<string, ResolvedSection>;
  readonly problems: readonly Problem[];
  /** Texts of its file may name variables. @default false */
  readonly hasVariables?: boolean;
}

/** Puts the settings together, weakest first, chooses plugins and checks every value. Finds all problems at once. */
export function resolveConfig(
  sections: ReadonlyMap<string, Section>,
  settings: readonly Setting[],
): ResolvedConfig {
  const problems: Problem[] = [];
  const scopedNames = new Set(
    [...sections.values()].filter(({ component }) => component.scoped).map(({ component }) => component.name),
  );
  const groups = Map.groupBy(settings, ({ path }) => path[0] as string);
  for (const [name, group] of groups)
    if (!sections.has(name)) problems.push(...unknownSection(name, group, [...sections.keys()]));
  const resolved = new Map<string, ResolvedSection>();
  for (const [name, section] of sections) {
    const own: Setting[] = [];
    const below = new Map<string, Setting[]>();
    for (const setting of groups.get(name) ?? []) {
      const child = setting.path[1];
      if (child === undefined) continue;
      if (setting.path.length > 2 && child !== name && scopedNames.has(child)) push(below, child, setting);
      else if (setting.value !== undefined) own.push(setting);
    }
    const scoped = new Map<string, ResolvedSection>();
    for (const [child, settings] of below) {
      const scopedSection = sections.get(child) as Section;
      const taken = inherited(scopedSection, settings, { name, root: groups.get(child) ?? [] });
      const context = { problems, scopedNames: new Set<string>() };
      scoped.set(child, resolveSection(scopedSection, [name, child], [...taken, ...settings], context));
    }
    const others = new Set([...scopedNames].filter((scopedName) => scopedName !== name));
    const context = { problems, scopedNames: others };
    resolved.set(name, { ...resolveSection(section, [name], own, context), scoped });
  }
  return { sections: resolved, problems };
}

function push<K, T>(groups: Map<K, T[]>, key: K, value: T): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

/** What an own instance takes from the section of all: `broker.logger` starts from `logger`, its switch apart. */
function inherited(
  section: Section,
  own: readonly Setting[],
  { name, root }: { name: string; root: readonly Setting[] },
): InheritedSetting[] {
  const child = section.component.name;
  const choosesItself = own.some(({ path, value }) => path[2] === "plugin" && value !== undefined);
  return root
    .filter(
      ({ path: [, key = "enabled"] }) =>
        key !== "enabled" && (!choosesItself || Object.hasOwn(section.component.config, key)),
    )
    .map((setting) => ({ ...setting, path: [name, child, ...setting.path.slice(1)], inherited: true }));
}

/** A setting of another section: what is wrong with it is reported there. */
interface InheritedSetting extends Setting {
  readonly inherited: true;
}

function unknownSection(name: string, settings: readonly Setting[], known: readonly string[]): Problem[] {
  const [first] = settings;
  // A section that only says "off" is right about a component that is not there.
  const rest = settings.filter(({ path }) => path.length > 1);
  if (rest.length > 0 && rest.every(({ path, value }) => path[1] === "enabled" && value === false)) return [];
  const guess = nearest(name, known);
  return [
    {
      where: first?.origin.where ?? "",
      message: `unknown section '${name}'; this service has ${[...known].sort().join(", ")}`,
      hint:
        guess === undefined
          ? `if '${name}' is a component, ${howToGetAny(name)}`
          : `did you mean '${guess}'?`,
    },
  ];
}

interface Context {
  readonly problems: Problem[];
  readonly scopedNames: ReadonlySet<string>;
}

const STRENGTH: Readonly<Record<Origin["kind"], number>> = { default: 0, code: 1, file: 2, env: 3, flag: 4 };

function resolveSection(
  section: Section,
  path: readonly string[],
  settings: readonly Setting[],
  { problems: all, scopedNames }: Context,
): ResolvedSection {
  const byKey = new Map<string, Setting[]>();
  for (const setting of settings)
    if (setting.value !== undefined) {
      const key = setting.path[path.length] as string;
      push(byKey, key, key === "enabled" ? asRead("boolean", setting) : setting);
    }
  for (const group of byKey.values()) group.reverse(); // strongest first
  if (path.length === 1) enableByName(byKey);
  const problemsOf = (setting: Setting | undefined): Problem[] =>
    setting !== undefined && "inherited" in setting ? [] : all;

  const known = optionsOf(section);
  const [choice] = byKey.get("plugin") ?? [];
  const isOff = byKey.get("enabled")?.[0]?.value === false;
  const plugins = choosePlugins(section, { choice, path, isOff, problems: problemsOf(choice) });
  const values: ResolvedValue[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, { option: found, plugins: takers }] of known) {
    const said = byKey.get(key) ?? [];
    const [strongest] = said;
    const taker = takers.find((plugin) => plugins.includes(plugin));
    if (takers.length > 0 && taker === undefined) {
      // A variable of the environment may be meant for another program, and a flag that chooses another plugin than
      // the file leaves the file's options of the first one behind; everything else is a mistake.
      const choice = byKey.get("plugin")?.[0]?.origin ?? DEFAULT;
      const isLeft = strongest !== undefined && STRENGTH[choice.kind] > STRENGTH[strongest.origin.kind];
      if (strongest !== undefined && strongest.origin.kind !== "env" && !isLeft && plugins.length > 0)
        problemsOf(strongest).push(otherPlugins(key, path, { setting: strongest, takers, plugins }));
      continue;
    }
    const option = taker === undefined ? found : ((taker.config as OptionsSchema)[key] as Option);
    const resolved = resolveOption(option, said, { keys: [...path, snakeCase(key)], problemsOf });
    config[key] = resolved.value;
    const chosen = key === "plugin" && plugins.length === 1 ? plugins[0]?.name : undefined;
    for (const value of resolved.values) values.push({ ...value, written: value.written ?? chosen });
  }
  for (const [key, [setting]] of byKey)
    if (setting !== undefined && !known.has(key))
      problemsOf(setting).push(unknownKey(key, path, { setting, known: [...known.keys(), ...scopedNames] }));
  const enabledBy = values.find(({ keys }) => keys[path.length] === "enabled")?.origin ?? DEFAULT;
  return {
    section,
    path,
    enabled: config.enabled !== false,
    enabledBy,
    plugins,
    config,
    values,
    scoped: new Map(),
  };
}

/** Naming a plugin by flag or variable switches its component on, unless something as strong says no (spec 9.5). */
function enableByName(byKey: Map<string, Setting[]>): void {
  const [named] = byKey.get("plugin") ?? [];
  const switches = byKey.get("enabled") ?? [];
  const [strongest] = switches;
  if (named === undefined || strongest?.value !== false) return;
  if (named.origin.kind !== "env" && named.origin.kind !== "flag") return;
  if (STRENGTH[named.origin.kind] <= STRENGTH[strongest.origin.kind]) return;
  const path = [...named.path.slice(0, -1), "enabled"];
  byKey.set("enabled", [{ path, value: true, origin: named.origin }, ...switches]);
}

function choosePlugins(
  section: Section,
  {
    choice,
    path,
    isOff,
    problems,
  }: { choice: Setting | undefined; path: readonly string[]; isOff: boolean; problems: Problem[] },
): readonly AnyPlugin[] {
  const { component, plugins } = section;
  if (component.multiple) return plugins;
  if (choice !== undefined) {
    if (typeof choice.value !== "string") return []; // its type is reported with the other values
    const plugin = findPlugin(section, choice.value);
    if (plugin === undefined) problems.push(unknownPlugin(section, choice.value, choice.origin.where));
    return plugin === undefined ? [] : [plugin];
  }
  const plugin =
    plugins.length === 1
      ? plugins[0]
      : component.defaultPlugin === undefined
        ? undefined
        : findPlugin(section, component.defaultPlugin);
  if (plugin !== undefined) return [plugin];
  if (plugins.length > 1 && !isOff) {
    problems.push({
      where: "createService",
      message: `several plugins of '${component.name}' are listed (${plugins.map(({ name }) => name).join(", ")}) and nothing chooses`,
      hint: `set ${keyName(path, "plugin")}`,
    });
  }
  return [];
}

function otherPlugins(
  key: string,
  path: readonly string[],
  {
    setting,
    takers,
    plugins,
  }: { setting: Setting; takers: readonly AnyPlugin[]; plugins: readonly AnyPlugin[] },
): Problem {
  const names = (list: readonly AnyPlugin[]): string => list.map(({ name }) => name).join("', '");
  return {
    where: setting.origin.where,
    message: `'${keyName(path, key)}' is an option of plugin '${names(takers)}', but '${names(plugins)}' is chosen`,
    hint: `set ${keyName(path, "plugin")} or leave the option out`,
  };
}

function unknownKey(
  key: string,
  path: readonly string[],
  { setting, known }: { setting: Setting; known: readonly string[] },
): Problem {
  const guess = nearest(key, known);
  return {
    where: setting.origin.where,
    message: `unknown key '${keyName(path, key)}'`,
    hint:
      guess === undefined
        ? `known keys: ${known.map(snakeCase).sort().join(", ")}`
        : `did you mean '${keyName(path, guess)}'?`,
  };
}

/** `broker.pool_size`, as it stands in files. */
export function keyName(path: readonly string[], key: string): string {
  return [...path, snakeCase(key)].join(".");
}
