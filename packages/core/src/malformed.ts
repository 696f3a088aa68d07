import { isComponent } from "./component.ts";
import type { Problem } from "./config/settings.ts";
import { type ServiceDefinition, serviceNameProblem } from "./definition.ts";
import { nearest } from "./nearest.ts";
import type { CompositionOptions, Hooks, MiddlewareOptions } from "./service-types.ts";

type Check = (value: unknown) => boolean;
type Rule = readonly [check: Check, expected: string];
type Rules<T> = Readonly<Record<keyof T, Rule>>;
type AnyRules = Readonly<Record<string, Rule>>;
type Values = Readonly<Record<string, unknown>>;

const isFunction: Check = (value) => typeof value === "function";
const isText: Check = (value) => typeof value === "string";
const isList: Check = (value) => Array.isArray(value);
const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const middleware = [isListOf(isFunction), "a list of functions"] as const;
const hook = [
  (value: unknown) => isFunction(value) || isListOf(isFunction)(value),
  "a function or a list of functions",
] as const;
const provided = [
  (value: unknown) => isList(value) || isFunction(value),
  "a list, or a function that makes one",
] as const;

// The types keep these tables complete.
const DEFINITION: Rules<ServiceDefinition> = {
  name: [() => true, "a name"], // has a check of its own
  version: [isText, "a text"],
  description: [isText, "a text"],
  metadata: [(value) => isObject(value) && Object.values(value).every(isText), "a map of texts"],
  needs: [isListOf(isComponent), "a list of components"],
  handlers: provided,
  subscribers: provided,
  middleware,
};

const HOOKS: Rules<Hooks> = { beforeStart: hook, afterStart: hook, beforeStop: hook, afterStop: hook };

const MIDDLEWARE: Rules<MiddlewareOptions> = {
  client: middleware,
  attempt: middleware,
  handler: middleware,
  subscriber: middleware,
};

const OPTIONS: Rules<CompositionOptions<never>> = {
  configFile: [(value) => value === false || (isText(value) && value !== ""), "a path, or false"],
  interpolateEnv: [
    (value) => typeof value === "boolean" || isObject(value),
    "true, false or a map of variables",
  ],
  hooks: [isObject, "an object, as in { beforeStart: … }"],
  middleware: [isObject, "an object, as in { handler: […] }"],
  instances: [isObject, "an object, as in { registry: … }"],
  exchange: [(value) => isObject(value) && isFunction(value.bind), "an Exchange"],
  signal: [(value) => value instanceof AbortSignal, "an AbortSignal"],
  startTimeoutMs: [(value) => typeof value === "number" && value > 0, "a number above 0"],
};

/** What to call a service whose definition may be anything. */
export function nameForErrors(definition: unknown): string {
  return isObject(definition) ? String(definition.name) : String(definition);
}

/** What is wrong with the shape of a definition, so that nothing else of it can be looked at: what the type checker says to others. */
export function malformedDefinition(definition: unknown): readonly Problem[] {
  if (!isObject(definition))
    return [problem(`the service must be what defineService returns, not ${shown(definition)}`)];
  const name = serviceNameProblem(definition.name);
  return [
    ...(name === undefined ? [] : [problem(name)]),
    ...mistyped(definition, DEFINITION, "defineService"),
    ...misfits(definition, DEFINITION),
  ];
}

/** The same of the options of `createService` that are no sections. */
export function malformedOptions(options: unknown): readonly Problem[] {
  if (!isObject(options))
    return [
      problem(`the options must be an object, as in { plugins: [...defaults] }, not ${shown(options)}`),
    ];
  const below = (name: string, rules: AnyRules): readonly Problem[] => {
    const value = options[name];
    return isObject(value) ? [...unknownKeys(value, rules, name), ...misfits(value, rules, `${name}.`)] : [];
  };
  const nothing = Object.entries(isObject(options.instances) ? options.instances : {})
    .filter(([, instance]) => instance === null)
    .map(([name]) => problem(`instances.${name} must be an instance, not null`));
  return [
    ...misfits(options, OPTIONS),
    ...below("hooks", HOOKS),
    ...below("middleware", MIDDLEWARE),
    ...nothing,
  ];
}

/** Values that are not what their key wants. */
function misfits(values: Values, rules: AnyRules, prefix = ""): Problem[] {
  return Object.entries(rules).flatMap(([key, [check, expected]]) => {
    const value = values[key];
    return value === undefined || check(value)
      ? []
      : [problem(`${prefix}${key} must be ${expected}, not ${shown(value)}`)];
  });
}

/** Keys without a rule. */
function unknownKeys(values: Values, rules: AnyRules, name: string): Problem[] {
  return Object.keys(values)
    .filter((key) => !Object.hasOwn(rules, key))
    .map((key) => {
      const guess = nearest(key, Object.keys(rules));
      const hint =
        guess === undefined ? `there are ${Object.keys(rules).join(", ")}` : `did you mean '${guess}'?`;
      return problem(`unknown key '${name}.${key}'`, hint);
    });
}

/** Keys that look like one with a rule: a definition may also carry what is its author's own business. */
function mistyped(values: Values, rules: AnyRules, of: string): Problem[] {
  return Object.keys(values).flatMap((key) => {
    const guess = Object.hasOwn(rules, key) ? undefined : nearest(key, Object.keys(rules));
    return guess === undefined
      ? []
      : [problem(`unknown option '${key}' of ${of}`, `did you mean '${guess}'?`)];
  });
}

function problem(message: string, hint?: string): Problem {
  return { where: "createService", message, ...(hint === undefined ? {} : { hint }) };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a function";
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
