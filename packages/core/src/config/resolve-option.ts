import { mapEntrySchema, type Option, snakeCase } from "../option.ts";
import { asRead, checkValue, unknownPart } from "./check.ts";
import { camelCase } from "./file.ts";
import type { Origin, Problem, Setting } from "./settings.ts";
import { holdsMask, isMask } from "./show-value.ts";
import { soundsSecret } from "./variables.ts";

/** The value of one option, or of one part of one, with everything that was said about it. */
export interface ResolvedValue {
  /** As in a file: `["broker", "addresses"]`, `["broker", "tls", "ca_file"]`, `["server", "metadata", "zone"]`. */
  readonly keys: readonly string[];
  readonly option: Option;
  /** As it was written; the default where nobody wrote anything. */
  readonly written: unknown;
  readonly origin: Origin;
  /** Weaker settings that this one replaced, strongest first. */
  readonly overridden: readonly Setting[];
}

/** An option, put together. */
export interface ResolvedOption {
  /** What the plugin is given; undefined when it is not set, or wrong. */
  readonly value: unknown;
  /** One, or one per part. */
  readonly values: readonly ResolvedValue[];
}

interface Context {
  /** The option's own, as in a file. */
  readonly keys: readonly string[];
  /** Takes what is wrong with a setting. */
  readonly problemsOf: (setting: Setting) => Problem[];
}

/** Where a value comes from that nobody set. */
export const DEFAULT: Origin = { kind: "default", where: "default" };

/**
 * The value of an option by what was said about it, strongest first. A value or a list is what the strongest says as a
 * whole; of an object or a map each part is what the strongest says who speaks of that part.
 */
export function resolveOption(
  option: Option,
  settings: readonly Setting[],
  context: Context,
): ResolvedOption {
  const said = settings.map((setting) => asRead(option.kind, setting));
  const [strongest] = said;
  if (strongest !== undefined && isParted(strongest.value)) {
    if (option.kind === "object") return resolveObject(option, said, context);
    if (option.kind === "map") return resolveMap(option, said, context);
  }
  return resolveWhole(option, said, context);
}

const isParted = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function resolveWhole(
  option: Option,
  said: readonly Setting[],
  { keys, problemsOf }: Context,
): ResolvedOption {
  const name = keys.join(".");
  const isFromDump = ({ origin, value }: Setting): boolean => origin.kind === "file" && isMask(value);
  const [strongest, ...overridden] = said.filter((setting) => !isFromDump(setting));
  const [masked] = said;
  const origin = strongest?.origin ?? masked?.origin ?? DEFAULT;
  const written = strongest?.value ?? option.default;
  const values = [{ keys, option, written, origin, overridden }];
  if (masked !== undefined && (strongest === undefined || isMaskedInside(strongest))) {
    problemsOf(masked).push({
      where: origin.where,
      message: `'${name}' is masked: a dump does not hold secrets`,
      hint: "write the secret here, or set it by its variable or flag",
    });
    return { value: undefined, values };
  }
  if (written === undefined) return { value: undefined, values };
  const problems = strongest === undefined ? [] : problemsOf(strongest);
  return { value: checkValue(option, written, { name, origin, problems }), values };
}

const isMaskedInside = ({ origin, value }: Setting): boolean =>
  origin.kind === "file" && (Array.isArray(value) ? value : [value]).some(holdsMask);

function resolveObject(option: Option, said: readonly Setting[], context: Context): ResolvedOption {
  const { options = {} } = option;
  const parts = partsOf(said, (written, setting) => {
    const key = setting.origin.kind === "file" ? camelCase(written) : written;
    if (Object.hasOwn(options, key)) return key;
    const problem = unknownPart(option, key, context.keys.join("."));
    context.problemsOf(setting).push({ where: originBelow(setting, written).where, ...problem });
    return undefined;
  });
  const resolved = Object.entries(options).map(([key, below]: [string, Option]) => {
    const part = { ...below, secret: below.secret || option.secret };
    const keys = [...context.keys, snakeCase(key)];
    return [key, resolveOption(part, parts.get(key) ?? [], { ...context, keys })] as const;
  });
  const values = resolved.flatMap(([, { values }]) => values);
  const value = Object.fromEntries(
    resolved.flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])),
  );
  const [strongest, ...overridden] = said;
  if (strongest === undefined || values.some(({ written }) => written !== undefined))
    return { value, values };
  // Without any part it is there all the same: `tls: {}` is not the same as no `tls`.
  const { origin } = strongest;
  return { value, values: [{ keys: context.keys, option, written: {}, origin, overridden }, ...values] };
}

function resolveMap(option: Option, said: readonly Setting[], context: Context): ResolvedOption {
  const parts = partsOf(said, (name) => name);
  const [strongest, ...overridden] = said;
  if (strongest !== undefined && parts.size === 0) {
    const { value, origin } = strongest;
    return { value, values: [{ keys: context.keys, option, written: value, origin, overridden }] };
  }
  const resolved = [...parts].map(([name, part]) => {
    const secret = option.secret || soundsSecret(name);
    const entry: Option = { ...option, kind: "string", schema: mapEntrySchema, secret };
    return [name, resolveWhole(entry, part, { ...context, keys: [...context.keys, name] })] as const;
  });
  return {
    value: Object.fromEntries(resolved.map(([name, { value }]) => [name, value])),
    values: resolved.flatMap(([, { values }]) => values),
  };
}

/** What was said about each part, strongest first. `keyOf` names the part that a written key means. */
function partsOf(
  said: readonly Setting[],
  keyOf: (written: string, setting: Setting) => string | undefined,
): ReadonlyMap<string, readonly Setting[]> {
  const parts = new Map<string, Setting[]>();
  for (const setting of said) {
    // A weaker one that is no object has nothing to say of parts.
    if (!isParted(setting.value)) continue;
    for (const [written, value] of Object.entries(setting.value)) {
      const key = keyOf(written, setting);
      // A key of a file without a value says nothing, as in the sections themselves.
      if (key === undefined || value === undefined || (value === null && setting.origin.kind === "file"))
        continue;
      const part = { ...setting, path: [...setting.path, key], value, origin: originBelow(setting, written) };
      parts.set(key, [...(parts.get(key) ?? []), part]);
    }
  }
  return parts;
}

const originBelow = ({ origin }: Setting, written: string): Origin => origin.below?.(written) ?? origin;
