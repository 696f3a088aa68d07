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
  const { where } = origin;
  if (option.kind !== "object") {
    const result = v.safeParse(option.schema, written);
    if (result.success) return result.output;
    for (const issue of result.issues) problems.push(problemOf(issue, option, { name, where }));
    return undefined;
  }
  const before = problems.length;
  const value = knownKeys(option, written, { name, problems, where, fromFile: origin.kind === "file" });
  const result = v.safeParse(objectSchema(option.options ?? {}), value);
  if (result.success) return problems.length > before ? undefined : result.output;
  for (const issue of result.issues) problems.push(problemOf(issue, option, { name, where }));
  return undefined;
}

/** The value of an object option in camelCase; keys that it does not have are reported and left out. */
function knownKeys(
  { options = {} }: Option,
  value: unknown,
  context: { name: string; problems: Problem[]; where: string; fromFile: boolean },
): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { name, problems, where, fromFile } = context;
  const known: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const camel = fromFile ? camelCase(key) : key;
    const whole = `${name}.${snakeCase(camel)}`;
    const option: Option | undefined = Object.hasOwn(options, camel) ? options[camel] : undefined;
    if (option === undefined) {
      const names = Object.keys(options);
      const guess = nearest(camel, names);
      const hint =
        guess === undefined
          ? `known keys: ${names.map(snakeCase).sort().join(", ")}`
          : `did you mean '${name}.${snakeCase(guess)}'?`;
      problems.push({ where, message: `unknown key '${whole}'`, hint });
    } else if (inner !== null || !fromFile) {
      // A key of a file without a value says nothing, as in the sections themselves.
      known.push([
        camel,
        option.kind === "object" ? knownKeys(option, inner, { ...context, name: whole }) : inner,
      ]);
    }
  }
  return Object.fromEntries(known);
}

function problemOf(
  issue: v.BaseIssue<unknown>,
  option: Option,
  { name, where }: { name: string; where: string },
): Problem {
  const keys = (issue.path ?? []).map(({ key }) => String(key));
  let reached: Option | undefined = option;
  let { secret } = option;
  for (const key of keys) {
    reached = Object.hasOwn(reached?.options ?? {}, key) ? reached?.options?.[key] : undefined;
    secret ||= reached?.secret === true;
  }
  const whole = [name, ...keys.map(snakeCase)].join(".");
  // A value with parts may hold secrets below it.
  const hidden = secret || reached?.kind === "object";
  return { where, message: `'${whole}' ${issue.message}${hidden ? "" : `, not ${shorten(issue.input)}`}` };
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
