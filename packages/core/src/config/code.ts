import { nearest } from "../nearest.ts";
import type { CompositionOptions } from "../service-types.ts";
import type { Section } from "./sections.ts";
import type { Origin, Problem, Setting } from "./settings.ts";

/** Options of `createService` that are no sections; the type keeps the list complete. */
const COMPOSITION: Readonly<Record<keyof CompositionOptions<never> | "plugins", true>> = {
  plugins: true,
  configFile: true,
  interpolateEnv: true,
  hooks: true,
  middleware: true,
  instances: true,
  exchange: true,
  signal: true,
  startTimeoutMs: true,
};

const origin: Origin = { kind: "code", where: "createService" };

/** The options of code as settings, one per key. */
export function codeSettings(
  options: Readonly<Record<string, unknown>>,
  sections: ReadonlyMap<string, Section>,
): { readonly settings: readonly Setting[]; readonly problems: readonly Problem[] } {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  const isMap = (values: unknown, keys: readonly string[]): values is Readonly<Record<string, unknown>> => {
    if (typeof values === "object" && values !== null && !Array.isArray(values)) return true;
    const name = keys.join(".");
    problems.push({
      where: origin.where,
      message: `the options of '${name}' must be an object, as in ${keys.at(-1)}: { plugin: "…" }`,
    });
    return false;
  };
  for (const [name, section] of Object.entries(options)) {
    if (Object.hasOwn(COMPOSITION, name) || section === undefined) continue;
    const guess = sections.has(name) ? undefined : nearest(name, Object.keys(COMPOSITION));
    if (guess !== undefined) {
      const message = `unknown option '${name}' of createService`;
      problems.push({ where: origin.where, message, hint: `did you mean '${guess}'?` });
      continue;
    }
    // Names the section, sets nothing: one that is not known is found even when it is empty.
    settings.push({ path: [name], value: undefined, origin });
    if (sections.has(name) && !isMap(section, [name])) continue;
    for (const [key, value] of Object.entries(Object(section))) {
      if (value === undefined) continue;
      if (!sections.get(key)?.component.scoped) settings.push({ path: [name, key], value, origin });
      else if (isMap(value, [name, key]))
        for (const [below, inner] of Object.entries(value))
          settings.push({ path: [name, key, below], value: inner, origin });
    }
  }
  return { settings, problems };
}
