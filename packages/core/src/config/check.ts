import { inspect } from "node:util";
import * as v from "valibot";
import { nearest } from "../nearest.ts";
import { type Option, objectSchema, snakeCase } from "../option.ts";
import { camelCase } from "./file.ts";
import type { Origin, Problem } from "./settings.ts";
import { hideCredentials } from "./show-value.ts";

/** The checked value of an option, or undefined and what is wrong with it. */
export function checkValue(
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
  for (const issue of result.issues) problems.push(problemOf(issue, option, { name, where: origin.where }));
  return undefined;
}

function problemOf(
  issue: v.BaseIssue<unknown>,
  option: Option,
  { name, where }: { name: string; where: string },
): Problem {
  const keys = (issue.path ?? []).map(({ key }) => String(key));
  let reached: Option | undefined = option;
  let { secret } = option;
  let siblings: readonly string[] = [];
  for (const key of keys) {
    siblings = Object.keys(reached?.options ?? {});
    reached = Object.hasOwn(reached?.options ?? {}, key) ? reached?.options?.[key] : undefined;
    secret ||= reached?.secret === true;
  }
  const whole = [name, ...keys.map(snakeCase)].join(".");
  if (issue.expected === "never") {
    const guess = nearest(keys.at(-1) ?? "", siblings);
    const near = [name, ...keys.slice(0, -1).map(snakeCase), snakeCase(guess ?? "")].join(".");
    const hint =
      guess === undefined
        ? `known keys: ${siblings.map(snakeCase).sort().join(", ")}`
        : `did you mean '${near}'?`;
    return { where, message: `unknown key '${whole}'`, hint };
  }
  // A value with parts may hold secrets below it.
  const hidden = secret || reached?.kind === "object";
  return { where, message: `'${whole}' ${issue.message}${hidden ? "" : `, not ${shorten(issue.input)}`}` };
}

/** Translates the keys of a file's object, and of the objects in it, to camelCase. */
function camelKeys(option: Option, value: unknown): unknown {
  if (option.kind !== "object" || typeof value !== "object" || value === null || Array.isArray(value))
    return value;
  const options = option.options ?? {};
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const camel = camelCase(key);
      const below: Option | undefined = Object.hasOwn(options, camel) ? options[camel] : undefined;
      return [camel, below === undefined ? inner : camelKeys(below, inner)];
    }),
  );
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
