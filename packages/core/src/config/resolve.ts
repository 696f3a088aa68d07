import * as v from "valibot";
import { nearest } from "../nearest.ts";
import { type Option, type OptionsSchema, objectSchema, snakeCase } from "../option.ts";
import type { AnyPlugin } from "../plugin.ts";
import { camelCase } from "./file.ts";
import { findPlugin, optionsOf, type Section, unknownPlugin } from "./sections.ts";
import type { Origin, Problem, Setting } from "./settings.ts";

/** The value of one option, with everything that was said about it. */
export interface ResolvedValue {
  /** `["broker", "addresses"]`. */
  readonly path: readonly string[];
  readonly option: Option;
  /** As it was written; the default where nobody wrote anything. */
  readonly written: unknown;
  readonly origin: Origin;
  /** Weaker settings that this one replaced, strongest first. */
  readonly overridden: readonly Setting[];
}

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
  const bySection = groupBySection(settings, sections, problems);
  const resolved = new Map<string, ResolvedSection>();
  for (const [name, section] of sections) {
    const own: Setting[] = [];
    const below = new Map<string, Setting[]>();
    for (const setting of bySection.get(name) ?? []) {
      const child = setting.path[1] as string;
      if (setting.path.length > 2 && scopedNames.has(child))
        below.set(child, [...(below.get(child) ?? []), setting]);
      else own.push(setting);
    }
    const scoped = new Map<string, ResolvedSection>();
    for (const [child, own] of below) {
      const scopedSection = sections.get(child) as Section;
      const settings = [...inherited(scopedSection, own, { name, root: bySection.get(child) ?? [] }), ...own];
      scoped.set(
        child,
        resolveSection(scopedSection, [name, child], settings, { problems, scopedNames: new Set() }),
      );
    }
    resolved.set(name, { ...resolveSection(section, [name], own, { problems, scopedNames }), scoped });
  }
  return { sections: resolved, problems };
}

/** What an own instance takes from the section of all: `broker.logger` starts from `logger`, its switch apart. */
function inherited(
  section: Section,
  own: readonly Setting[],
  { name, root }: { name: string; root: readonly Setting[] },
): Setting[] {
  const child = section.component.name;
  const choosesItself = own.some(({ path }) => path[2] === "plugin");
  return root
    .filter(
      ({ path: [, key = "enabled"] }) =>
        key !== "enabled" && (!choosesItself || key in section.component.config),
    )
    .map((setting) => ({ ...setting, path: [name, child, ...setting.path.slice(1)] }));
}

function groupBySection(
  settings: readonly Setting[],
  sections: ReadonlyMap<string, Section>,
  problems: Problem[],
): Map<string, Setting[]> {
  const groups = new Map<string, Setting[]>();
  const unknown = new Set<string>();
  for (const setting of settings) {
    const name = setting.path[0] as string;
    if (sections.has(name)) {
      if (setting.path.length > 1) groups.set(name, [...(groups.get(name) ?? []), setting]);
    } else if (!unknown.has(name)) {
      unknown.add(name);
      // A section that only says "off" is right about a component that is not there.
      const rest = settings.filter(({ path }) => path[0] === name && path.length > 1);
      if (rest.length > 0 && rest.every(({ path, value }) => path[1] === "enabled" && value === false))
        continue;
      const guess = nearest(name, sections.keys());
      problems.push({
        where: setting.origin.where,
        message: `unknown section '${name}'; this service has ${[...sections.keys()].sort().join(", ")}`,
        hint:
          guess === undefined
            ? `if '${name}' is a component, npm install one of its plugins (@micro/${name}-…) and list it`
            : `did you mean '${guess}'?`,
      });
    }
  }
  return groups;
}

interface Context {
  readonly problems: Problem[];
  readonly scopedNames: ReadonlySet<string>;
}

function resolveSection(
  section: Section,
  path: readonly string[],
  settings: readonly Setting[],
  { problems, scopedNames }: Context,
): ResolvedSection {
  const byKey = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (setting.value === undefined) continue;
    const key = setting.path[path.length] as string;
    byKey.set(key, [setting, ...(byKey.get(key) ?? [])]);
  }
  const known = optionsOf(section);
  const plugins = choosePlugins(section, byKey.get("plugin")?.[0], path, problems);
  const values: ResolvedValue[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, { option: found, plugins: takers }] of known) {
    const [strongest, ...overridden] = byKey.get(key) ?? [];
    const taker = takers.find((plugin) => plugins.includes(plugin));
    if (takers.length > 0 && taker === undefined) {
      // A variable of the environment may be meant for another program; everything else is a mistake.
      if (strongest !== undefined && strongest.origin.kind !== "env" && plugins.length > 0) {
        problems.push({
          where: strongest.origin.where,
          message: `'${keyName(path, key)}' is an option of plugin '${takers.map(({ name }) => name).join("', '")}', but '${plugins.map(({ name }) => name).join("', '")}' is chosen`,
          hint: `set ${keyName(path, "plugin")} or leave the option out`,
        });
      }
      continue;
    }
    const option = taker === undefined ? found : ((taker.config as OptionsSchema)[key] as Option);
    const origin = strongest?.origin ?? { kind: "default", where: "default" };
    const written = strongest?.value ?? option.default;
    config[key] =
      written === undefined
        ? undefined
        : check(option, written, { name: keyName(path, key), origin, problems });
    values.push({ path: [...path, key], option, written, origin, overridden });
  }
  for (const [key, [setting]] of byKey)
    if (setting !== undefined && !known.has(key))
      problems.push(unknownKey(key, path, { setting, known: [...known.keys(), ...scopedNames] }));
  const { enabled: on } = config;
  const enabled = on !== false;
  const enabledBy = values.find(({ path: p }) => p.at(-1) === "enabled")?.origin ?? {
    kind: "default",
    where: "default",
  };
  return { section, path, enabled, enabledBy, plugins, config, values, scoped: new Map() };
}

function choosePlugins(
  section: Section,
  chosen: Setting | undefined,
  path: readonly string[],
  problems: Problem[],
): readonly AnyPlugin[] {
  const { component, plugins } = section;
  if (component.multiple) return plugins;
  if (chosen !== undefined) {
    if (typeof chosen.value !== "string") return []; // its type is reported with the other values
    const plugin = findPlugin(section, chosen.value);
    if (plugin === undefined) problems.push(unknownPlugin(section, chosen.value, chosen.origin.where));
    return plugin === undefined ? [] : [plugin];
  }
  const plugin =
    plugins.length === 1
      ? plugins[0]
      : component.defaultPlugin === undefined
        ? undefined
        : findPlugin(section, component.defaultPlugin);
  if (plugin !== undefined) return [plugin];
  if (plugins.length > 1) {
    problems.push({
      where: "createService",
      message: `several plugins of '${component.name}' are listed (${plugins.map(({ name }) => name).join(", ")}) and nothing chooses`,
      hint: `set ${keyName(path, "plugin")}`,
    });
  }
  return [];
}

function check(
  option: Option,
  written: unknown,
  { name, origin, problems }: { name: string; origin: Origin; problems: Problem[] },
): unknown {
  const value = option.kind === "object" && origin.kind === "file" ? camelKeys(option, written) : written;
  const result = v.safeParse(
    option.kind === "object" ? objectSchema(option.options ?? {}) : option.schema,
    value,
  );
  if (result.success) return result.output;
  for (const issue of result.issues) {
    const below = v.getDotPath(issue);
    const shown = option.secret ? "" : `, not ${shorten(written)}`;
    problems.push({
      where: origin.where,
      message: `'${name}${below === null ? "" : `.${below}`}' ${issue.message}${shown}`,
    });
  }
  return undefined;
}

function camelKeys(option: Option, value: unknown): unknown {
  if (option.kind !== "object" || typeof value !== "object" || value === null || Array.isArray(value))
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const camel = camelCase(key);
      const below = option.options?.[camel] as Option | undefined;
      return [camel, below === undefined ? inner : camelKeys(below, inner)];
    }),
  );
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

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
