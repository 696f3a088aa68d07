import type { Problem } from "./settings.ts";

/** Keys that would reach an object's prototype wherever somebody copies them carelessly. */
const REFUSED_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** Deeper than any option. Aliases of YAML can make a value contain itself. */
const MAX_DEPTH = 32;
/** More than any configuration holds, counted as often as aliases repeat it. */
const MAX_VALUES = 20_000;

/** What data read from a file must not contain, whatever the sections are. Empty when all is well. */
export function inspectData(data: unknown, where: (keys: readonly string[]) => string): readonly Problem[] {
  const problems: Problem[] = [];
  let values = 0;
  const visit = (value: unknown, keys: readonly string[]): void => {
    if (++values > MAX_VALUES) return;
    if (typeof value !== "object" || value === null) return;
    if (keys.length > MAX_DEPTH) {
      problems.push({
        where: where(keys.slice(0, 2)),
        message: `'${keys.slice(0, 4).join(".")}…' is nested more than ${MAX_DEPTH} levels deep`,
        hint: "an alias that contains itself does this, too",
      });
      values = MAX_VALUES; // one report is enough: a value that contains itself has no end
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const below = [...keys, key];
      if (REFUSED_KEYS.has(key)) {
        problems.push({
          where: where(below),
          message: `key '${below.join(".")}' is not allowed`,
          hint: "no configuration needs a key of this name: rename it",
        });
      } else visit(inner, below);
    }
  };
  visit(data, []);
  if (values > MAX_VALUES && problems.length === 0) {
    problems.push({
      where: where([]),
      message: `it holds more than ${MAX_VALUES} values`,
      hint: "a configuration is smaller than that; aliases count as often as they are used",
    });
  }
  return problems;
}
