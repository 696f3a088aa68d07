import {
  type ConfigSourceResult,
  convert,
  hideCredentials,
  type Origin,
  type Problem,
  type Setting,
} from "@micro/core";
import type { DeclaredFlag } from "./declare.ts";

/** What {@link collectValues} takes. */
export interface CollectOptions {
  readonly flags: Iterable<DeclaredFlag>;
  /** Texts by flag name, in the order they were typed. Only flags that were typed. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What flags and variables set. */
export interface CollectedValues
  extends Pick<ConfigSourceResult, "settings" | "problems" | "configFile" | "configFileFrom"> {
  /** Values of the user's flags by key; only those that were set. */
  readonly userValues: ReadonlyMap<string, unknown>;
}

/**
 * Turns the texts of variables and flags into values: variables first, so that flags win. A text that is no value
 * of its option's kind is a problem that names flag or variable; an empty variable counts as not set.
 */
export function collectValues({ flags, given, env }: CollectOptions): CollectedValues {
  const settings: Record<"env" | "flag", Setting[]> = { env: [], flag: [] };
  const problems: Problem[] = [];
  const userValues = new Map<string, unknown>();
  let file: Required<Pick<ConfigSourceResult, "configFile" | "configFileFrom">> | undefined;

  const take = (flag: DeclaredFlag, texts: readonly string[], origin: Origin & { kind: "env" | "flag" }) => {
    const converted = convert(flag.kind, texts);
    if ("expected" in converted) {
      problems.push(wrongText(flag, { texts, origin, expected: converted.expected }));
      return;
    }
    const { value } = converted;
    const { target } = flag;
    if (target.kind === "configFile") file = { configFile: String(value), configFileFrom: origin.where };
    else if (target.kind === "user") userValues.set(target.key, value);
    else settings[origin.kind].push({ path: [target.field.section, target.field.key], value, origin });
  };

  for (const flag of flags) {
    const variable = env[flag.env];
    const typed = given.get(flag.name);
    if (variable !== undefined && variable !== "") {
      take(flag, [variable], { kind: "env", where: flag.env });
    }
    if (typed !== undefined) take(flag, typed, { kind: "flag", where: `--${flag.name}` });
  }
  return {
    settings: [...settings.env, ...settings.flag],
    problems,
    userValues,
    ...file,
  };
}

function wrongText(
  flag: DeclaredFlag,
  { texts, origin, expected }: { texts: readonly string[]; origin: Origin; expected: string },
): Problem {
  const text = hideCredentials(texts.join(","));
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return {
    where: origin.where,
    message: `must be ${expected}${flag.secret ? "" : `, not '${shown}'`}`,
    hint: `${flag.description}${flag.defaultText === undefined ? "" : `; default ${flag.defaultText}`}`,
  };
}
