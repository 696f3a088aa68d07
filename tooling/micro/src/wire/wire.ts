import { dirname, relative, sep } from "node:path";
import type { AnyComponent, AnyPlugin, Problem, ServiceDefinition } from "@micro/core";
import { optionsOf, planComposition, type Section } from "@micro/core/internal";
import type { Entry } from "../generate/layout.ts";
import { entries, type LiteralOptions, type ValueSchema } from "./literal.ts";
import type { Origins } from "./origins.ts";
import { packageNameOf } from "./package-of.ts";
import { printWiring, type WiringStep } from "./print-wiring.ts";
import { cannotWire } from "./problems.ts";
import { nameWiring } from "./wiring-names.ts";

/** A composition, and where its parts come from. */
export interface WireSource {
  readonly definition: ServiceDefinition;
  /** What `createService` is given beside the definition. */
  readonly options: { readonly plugins: readonly unknown[] } & Readonly<Record<string, unknown>>;
  readonly origins: Origins;
  /** Absolute paths of the composition and of the file that is written. */
  readonly composition: string;
  readonly out: string;
}

/** Generated wiring. */
export interface GeneratedWiring {
  readonly text: string;
  /** The packages that it imports. */
  readonly packages: readonly string[];
}

/**
 * The code that wires a composition. The same composition gives the same text. Throws a StartError with what would stop
 * `createService`, and a {@link Failure} with what cannot be written as code.
 */
export function wire({ definition, options, origins, composition, out }: WireSource): GeneratedWiring {
  const order = planComposition(definition, options);
  // The plan stands, so each of them is a plugin.
  const plugins = [...new Set(options.plugins as readonly AnyPlugin[])];
  const steps = order.map((section) => stepOf(section, order));
  const names = nameWiring(definition.name, [...new Set(steps.flatMap(({ needs }) => needs))]);
  const problems: Problem[] = [];
  const imported = (value: object, what: string, fallback: string): string => {
    const origin = origins.of(value, what);
    if ("module" in origin) return names.imported(origin, fallback);
    problems.push(origin);
    return fallback;
  };
  const definitionName = imported(definition, `the definition of service '${definition.name}'`, "definition");
  const pluginNames = new Map(
    plugins.map((plugin) => {
      const { name } = plugin.component as AnyComponent;
      return [plugin, imported(plugin, `plugin '${name}-${plugin.name}'`, `${name}Plugin`)];
    }),
  );
  const nameOf = (plugin: AnyPlugin): string => pluginNames.get(plugin) ?? "";
  const settings = settingsOf(options, order, {
    problems,
    imported: (value, what) => (origins.has(value) ? imported(value, what, "value") : undefined),
  });
  if (problems.length > 0) throw cannotWire(definition.name, problems);
  const text = printWiring({
    source: relative(dirname(out), composition).split(sep).join("/"),
    service: definition.name,
    names,
    definition: definitionName,
    plugins: plugins.map(nameOf),
    settings,
    steps: steps.map((step) => ({ ...step, plugins: step.plugins.map(nameOf) })),
  });
  const modules = [...names.imports.keys()].filter((module) => !module.startsWith("."));
  return { text, packages: [...new Set(["@micro/core", ...modules.map(packageNameOf)])].sort() };
}

/** What a component is made of: its plugins, and what they need, or take, of what the service has. */
function stepOf(
  { component, plugins }: Section,
  order: readonly Section[],
): Omit<WiringStep, "plugins"> & { readonly plugins: readonly AnyPlugin[] } {
  const there = new Set(order.map((section) => section.component.name));
  const wanted = plugins.flatMap(({ needs, optional }) => [...needs, ...optional] as readonly AnyComponent[]);
  const needs = new Set(wanted.map(({ name }) => name).filter((name) => there.has(name)));
  return { component: component.name, plugins, needs: [...needs].sort() };
}

/** What the composition says beside its plugins. */
function settingsOf(
  options: WireSource["options"],
  order: readonly Section[],
  literalOptions: LiteralOptions,
): readonly Entry[] {
  const scoped = order.filter(({ component }) => component.scoped);
  const sections = order.map((section) => {
    const below = scoped.map((other) => [other.component.name, schemaOf(other)] as const);
    return [section.component.name, schemaOf(section, below)] as const;
  });
  const rest = Object.entries(options).filter(([name]) => name !== "plugins");
  const schema = { options: Object.fromEntries(sections) };
  return entries(Object.fromEntries(rest), { path: [], schema }, literalOptions);
}

/** The options of a section, and of the sections below it. */
function schemaOf(section: Section, below: readonly (readonly [string, ValueSchema])[] = []): ValueSchema {
  const own = [...optionsOf(section)].map(([key, { option }]) => [key, option] as const);
  return { options: Object.fromEntries([...below, ...own]) };
}
