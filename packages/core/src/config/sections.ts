import type { AnyComponent } from "../component.ts";
import { nearest } from "../nearest.ts";
import { type Option, type OptionsSchema, option, snakeCase } from "../option.ts";
import { type AnyPlugin, isPlugin } from "../plugin.ts";
import { howToGet } from "./plugin-package.ts";
import type { ConfigField, Problem } from "./settings.ts";

/** A component with the plugins that are listed for it. */
export interface Section {
  readonly component: AnyComponent;
  readonly plugins: readonly AnyPlugin[];
}

/** The listed plugins by component, and what is wrong with the list. */
export function collectSections(plugins: readonly unknown[]): {
  readonly sections: ReadonlyMap<string, Section>;
  readonly problems: readonly Problem[];
} {
  const sections = new Map<string, { component: AnyComponent; plugins: AnyPlugin[] }>();
  const problems: Problem[] = [];
  if (!Array.isArray(plugins)) {
    const message = `option 'plugins' must be a list of plugins, not ${describe(plugins)}`;
    problems.push({ where: "createService", message, hint: "write plugins: [...defaults]" });
    return { sections, problems };
  }
  for (const [index, listed] of plugins.entries()) {
    const where = `plugins[${index}]`;
    if (!isPlugin(listed)) {
      problems.push({
        where,
        message: `this is no plugin, but ${describe(listed)}`,
        hint:
          listed === undefined
            ? "two modules that import each other, or an export of another name, give undefined"
            : "list what definePlugin returned, or spread a set: [...defaults]",
      });
      continue;
    }
    const plugin: AnyPlugin = listed;
    const { component } = plugin;
    const section = sections.get(component.name) ?? { component, plugins: [] as AnyPlugin[] };
    sections.set(component.name, section);
    if (section.plugins.includes(plugin)) continue;
    const names = [plugin.name, ...plugin.aliases];
    const taken = section.plugins.find((other) =>
      [other.name, ...other.aliases].some((name) => names.includes(name)),
    );
    if (taken === undefined) section.plugins.push(plugin);
    else
      problems.push({
        where,
        message: `two plugins of '${component.name}' answer to one name: '${taken.name}' and '${plugin.name}'`,
        hint: "list one of them",
      });
  }
  return { sections, problems };
}

/** The plugin of a section that answers to `name`. */
export function findPlugin(section: Section, name: string): AnyPlugin | undefined {
  return section.plugins.find((plugin) => plugin.name === name || plugin.aliases.includes(name));
}

/** The problem of a plugin name that nothing listed answers to. */
export function unknownPlugin(section: Section, name: string, where: string): Problem {
  const names = section.plugins.map((plugin) => plugin.name);
  const guess = nearest(name, names);
  const { name: component } = section.component;
  const get = howToGet(component, name);
  return {
    where,
    message: `unknown plugin '${name}' of '${component}'; listed: ${names.join(", ") || "none"}`,
    // Names of technologies are short: 'rpc' is close to 'grpc', and another thing.
    hint:
      guess === undefined ? `${get}, or take one that is listed` : `did you mean '${guess}'? If not, ${get}`,
  };
}

const enabled = option.boolean({ description: "Switches the component on or off", default: true });

/** Options that core adds to each section. */
export function coreOptions(section: Section): OptionsSchema {
  if (section.component.multiple) return { enabled };
  const names = section.plugins.flatMap((plugin) => [plugin.name, ...plugin.aliases]);
  return { enabled, plugin: option.string({ description: `Which one: ${names.join(", ")}` }) };
}

/** Options that any plugin of the section takes, each with the plugins that do. */
export function optionsOf(
  section: Section,
): ReadonlyMap<string, { readonly option: Option; readonly plugins: readonly AnyPlugin[] }> {
  const all = new Map<string, { option: Option; plugins: AnyPlugin[] }>();
  for (const [key, found] of Object.entries({ ...coreOptions(section), ...section.component.config })) {
    all.set(key, { option: found as Option, plugins: [] });
  }
  for (const plugin of section.plugins) {
    for (const [key, found] of Object.entries(plugin.config as OptionsSchema)) {
      const known = all.get(key);
      if (known === undefined) all.set(key, { option: found, plugins: [plugin] });
      else known.plugins.push(plugin);
    }
  }
  return all;
}

/** What flags and variables may set: no values of code, no sections below sections. */
export function configFields(sections: Iterable<Section>): ConfigField[] {
  const fields: ConfigField[] = [];
  for (const section of sections) {
    const { name } = section.component;
    if (section.component.phase === "config") continue;
    for (const [key, { option: found, plugins }] of optionsOf(section)) {
      if (found.kind === "value" || found.kind === "object") continue;
      // `--config` names the configuration file already.
      const isChoice = key === "plugin" && name !== "config";
      const flag = isChoice ? name : `${name}_${found.flag ?? snakeCase(key)}`;
      fields.push({
        section: name,
        key,
        name: flag,
        option: found,
        // Where there is one plugin, whose option it is says nothing.
        plugins: section.plugins.length === 1 ? [] : plugins.map((plugin) => plugin.name),
      });
    }
  }
  return fields;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a function";
  return value === null || typeof value !== "object" ? String(value) : "an object";
}
