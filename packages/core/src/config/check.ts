import { inspect } from "node:util";
import * as v from "valibot";
import { nearest } from "../nearest.ts";
import { type Option, type OptionKind, snakeCase } from "../option.ts";
import { convert } from "./convert.ts";
import type { Origin, Problem, Setting } from "./settings.ts";
import { hideCredentials } from "./show-value.ts";

/** The checked value of an option, or undefined and what is wrong with it. */
export function checkValue(
  option: Option,
  written: unknown,
  { name, origin, problems }: { name: string; origin: Origin; problems: Problem[] },
): unknown {
  const result = v.safeParse(option.schema, written);
  if (result.success) return result.output;
  for (const issue of result.issues) problems.push(problemOf(issue, option, { name, origin }));
  return undefined;
}

/** A text that variables gave means for an option of this kind what it would mean as a variable of the option itself. */
export function asRead(kind: OptionKind, setting: Setting): Setting {
  const { value, origin } = setting;
  if (origin.variables === undefined || typeof value !== "string" || kind === "object" || kind === "value")
    return setting;
  const converted = convert(kind, [value]);
  return "value" in converted ? { ...setting, value: converted.value } : setting;
}

/** What to say of a key that an option with parts does not have. */
export function unknownPart({ options = {} }: Option, key: string, name: string): Omit<Problem, "where"> {
  const names = Object.keys(options);
  const guess = nearest(key, names);
  return {
    message: `unknown key '${name}.${snakeCase(key)}'`,
    hint:
      guess === undefined
        ? `known keys: ${names.map(snakeCase).sort().join(", ")}`
        : `did you mean '${name}.${snakeCase(guess)}'?`,
  };
}

function problemOf(
  issue: v.BaseIssue<unknown>,
  option: Option,
  { name, origin: { where, variables } }: { name: string; origin: Origin },
): Problem {
  const keys = (issue.path ?? []).map(({ key }) => String(key));
  const whole = [name, ...keys].join(".");
  // What a variable holds may be meant for something else, and a value with parts may hold secrets below it.
  const isHidden = option.secret || option.kind === "object";
  const given =
    variables === undefined
      ? shorten(issue.input)
      : `what ${variables.map((variable) => `$${variable}`).join(" and ")} gives`;
  return { where, message: `'${whole}' ${issue.message}${isHidden ? "" : `, not ${given}`}` };
}

function shorten(value: unknown): string {
  const text = hideCredentials(
    typeof value === "object" && value !== null
      ? inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 10 })
      : typeof value === "string"
        ? JSON.stringify(value)
        : String(value),
  );
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
