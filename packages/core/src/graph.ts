import type { AnyComponent } from "./component.ts";
import { howToGetAny } from "./config/plugin-package.ts";
import type { ResolvedSection } from "./config/resolve.ts";
import type { Problem } from "./config/settings.ts";
import type { AnyPlugin } from "./plugin.ts";

const PHASES = { config: 0, core: 1, edge: 2 } as const;

/** By phase; within one, scoped components come first, because every other one may be given an instance of theirs. */
const rank = ({ section: { component } }: ResolvedSection): number =>
  PHASES[component.phase] * 2 + (component.scoped ? 0 : 1);

/** The components of a service in the order in which they are created, and what stands against it. */
export interface Plan {
  readonly order: readonly ResolvedSection[];
  readonly problems: readonly Problem[];
}

/** Sorts the chosen plugins by their needs; components of phase `edge` come last. Finds missing needs and cycles. */
export function planCreation(
  sections: ReadonlyMap<string, ResolvedSection>,
  given: ReadonlySet<string>,
): Plan {
  const problems: Problem[] = [];
  const order: ResolvedSection[] = [];
  const state = new Map<string, "open" | "done">();
  const isOn = (name: string): boolean =>
    given.has(name) || (sections.get(name)?.enabled === true && sections.get(name)?.plugins.length !== 0);

  const visit = (section: ResolvedSection, trail: readonly string[]): void => {
    const { name } = section.section.component;
    if (state.get(name) === "done") return;
    if (state.get(name) === "open") {
      const cycle = [...trail.slice(trail.indexOf(name)), name];
      problems.push({
        where: "plugins",
        message: `dependency cycle: ${cycle.join(" → ")}`,
        hint: "one of these plugins must not need the next",
      });
      return;
    }
    state.set(name, "open");
    for (const plugin of section.plugins) {
      for (const need of plugin.needs as readonly AnyComponent[]) {
        const missing =
          isOn(need.name) || need.replaceable || isReported(sections.get(need.name))
            ? undefined
            : missingNeed(plugin, need, sections.get(need.name));
        if (missing !== undefined) problems.push(missing);
      }
      for (const need of [...plugin.needs, ...plugin.optional] as readonly AnyComponent[]) {
        const below = sections.get(need.name);
        if (below !== undefined && isOn(need.name) && !given.has(need.name)) visit(below, [...trail, name]);
      }
    }
    state.set(name, "done");
    order.push(section);
  };

  const ranked = [...sections.values()].sort((a, b) => rank(a) - rank(b));
  for (const section of ranked) {
    if (isOn(section.section.component.name) && !given.has(section.section.component.name))
      visit(section, []);
  }
  return { order, problems };
}

/** Its plugins are listed and none could be chosen: that has been reported, and what follows from it is no news. */
export function isReported(section: ResolvedSection | undefined): boolean {
  return section?.enabled === true && section.plugins.length === 0 && section.section.plugins.length > 0;
}

/** What to say when `who` needs a component that is off or has no plugin. */
export function missingNeed(
  who: AnyPlugin | string,
  need: AnyComponent,
  section: ResolvedSection | undefined,
): Problem {
  const user = typeof who === "string" ? who : `plugin '${who.component.name}-${who.name}'`;
  if (section !== undefined && !section.enabled) {
    return {
      where: section.enabledBy.where,
      message: `${user} needs component '${need.name}', which is switched off`,
      hint: `set ${need.name}.enabled to true, or leave out what needs it`,
    };
  }
  return {
    where: "plugins",
    message: `${user} needs component '${need.name}', and no plugin of it is listed`,
    hint: howToGetAny(need.name, need.defaultPlugin),
  };
}
