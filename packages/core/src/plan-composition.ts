import { checkComposition, givenInstances, type LooseOptions } from "./check-composition.ts";
import { codeSettings } from "./config/code.ts";
import { collectSections, type Section } from "./config/sections.ts";
import type { ServiceDefinition } from "./definition.ts";
import { planCreation } from "./graph.ts";
import { malformedDefinition, malformedOptions, nameForErrors } from "./malformed.ts";
import { StartError } from "./start-error.ts";

/**
 * Every listed component in an order of creation that fits whatever the configuration will choose: what generated
 * wiring is written from. Code alone is looked at, no file, variable or flag. Throws a {@link StartError} with what
 * would stop `createService`, and with what would if another one of the listed plugins were chosen.
 */
export function planComposition(definition: ServiceDefinition, options: LooseOptions): readonly Section[] {
  const malformed = [...malformedDefinition(definition), ...malformedOptions(options)];
  if (malformed.length > 0) throw new StartError(nameForErrors(definition), malformed);
  const { sections, problems: listed } = collectSections(options.plugins);
  const code = codeSettings(options, sections);
  const { config, problems } = checkComposition(definition, {
    sections,
    settings: code.settings,
    given: givenInstances(options),
    made: [],
  });
  const everything = planCreation(
    new Map(
      [...config.sections].map(([name, resolved]) => {
        const { plugins } = resolved.section;
        return [name, { ...resolved, enabled: true, plugins }];
      }),
    ),
    new Set(),
  );
  const all = [...listed, ...code.problems, ...problems, ...everything.problems];
  // Both looks at the graph find what is wrong with the chosen plugins.
  const distinct = new Map(all.map((problem) => [JSON.stringify([problem.where, problem.message]), problem]));
  if (distinct.size > 0) throw new StartError(definition.name, [...distinct.values()]);
  return everything.order.map(({ section }) => section);
}
