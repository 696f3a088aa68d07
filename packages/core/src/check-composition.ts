import { type ResolvedConfig, type ResolvedSection, resolveConfig } from "./config/resolve.ts";
import type { Section } from "./config/sections.ts";
import type { Problem, Setting } from "./config/settings.ts";
import type { ServiceDefinition } from "./definition.ts";
import { isReported, missingNeed, planCreation } from "./graph.ts";
import { nearest } from "./nearest.ts";
import type { CompositionOptions } from "./service-types.ts";

/** The options of `createService` without the types: what the generic parts work on. */
export interface LooseOptions extends CompositionOptions<readonly never[]> {
  readonly plugins: readonly unknown[];
  readonly [section: string]: unknown;
}

/** What {@link checkComposition} looks at. */
export interface CheckedComposition {
  readonly sections: ReadonlyMap<string, Section>;
  /** All settings, the weakest first. */
  readonly settings: readonly Setting[];
  /** Instances that somebody else owns. */
  readonly given: ReadonlyMap<string, unknown>;
  /** Names of the components that exist already. */
  readonly made: Iterable<string>;
}

/** The configuration of a service, the order in which its components are created, and what stands against it. */
export function checkComposition(
  definition: ServiceDefinition,
  { sections, settings, given, made }: CheckedComposition,
): {
  readonly config: ResolvedConfig;
  readonly order: readonly ResolvedSection[];
  readonly problems: readonly Problem[];
} {
  const config = resolveConfig(sections, settings);
  const plan = planCreation(config.sections, new Set([...given.keys(), ...made]));
  const problems = [
    ...config.problems,
    ...instanceProblems(given, sections),
    ...plan.problems,
    ...definitionProblems(definition, { config, given }),
  ];
  return { config, order: plan.order, problems };
}

/** The instances that somebody else owns, by component. */
export function givenInstances({ instances = {} }: LooseOptions): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(instances).filter(([, instance]) => instance !== undefined));
}

/** True when a plugin of the component will be created. */
export function isOn(section: ResolvedSection | undefined): boolean {
  return section?.enabled === true && section.plugins.length > 0;
}

function instanceProblems(
  given: ReadonlyMap<string, unknown>,
  sections: ReadonlyMap<string, Section>,
): Problem[] {
  return [...given.keys()]
    .filter((name) => !sections.has(name))
    .map((name) => {
      const guess = nearest(name, sections.keys());
      return {
        where: "createService",
        message: `an instance of '${name}' is given, and no plugin of it is listed`,
        hint: guess === undefined ? "list a plugin of the component" : `did you mean '${guess}'?`,
      };
    });
}

function definitionProblems(
  definition: ServiceDefinition,
  { config, given }: { config: ResolvedConfig; given: ReadonlyMap<string, unknown> },
): Problem[] {
  return (definition.needs ?? [])
    .map((need) => ({ need, section: config.sections.get(need.name) }))
    .filter(
      ({ need, section }) =>
        !need.replaceable && !given.has(need.name) && !isOn(section) && !isReported(section),
    )
    .map(({ need, section }) => missingNeed(`service '${definition.name}'`, need, section));
}
