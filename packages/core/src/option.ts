import * as v from "valibot";
import { type DurationUnit, parseDuration, parseSize } from "./units.ts";

/** What an option is, for flags, files and the reference. `value` cannot be written in a file: code only. */
export type OptionKind =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "duration"
  | "size"
  | "list"
  | "map"
  | "object"
  | "value";

/** What every option may say of itself. */
export interface OptionDetails<In> {
  /** One sentence, without the unit and the default. */
  readonly description: string;
  readonly default?: In;
  /** Name of flag and variable without the section. @default the key in snake case */
  readonly flag?: string;
  /** Masked in dumps, explanations and logs. @default false */
  readonly secret?: boolean;
}

/** One configuration option. `In` is what people write, `Out` what a plugin is given. */
export interface Option<In = unknown, Out = unknown> extends Omit<OptionDetails<In>, "secret"> {
  readonly kind: OptionKind;
  readonly secret: boolean;
  /** Unit of a bare number, of durations only. */
  readonly unit?: DurationUnit;
  /** The values allowed. */
  readonly choices?: readonly string[];
  /** Options below this one, of kind `object` only. */
  readonly options?: OptionsSchema;
  /** Checks and turns `In` into `Out`. */
  readonly schema: v.GenericSchema<unknown, Out>;
  readonly "~in"?: In;
}

/** Options by their camelCase key. */
// biome-ignore lint/suspicious/noExplicitAny: the any of a constraint, as variance forbids unknown here.
export type OptionsSchema = Readonly<Record<string, Option<any, any>>>;

type InOf<O> = O extends Option<infer In, unknown> ? In : never;
type OutOf<O> = O extends Option<never, infer Out> ? Out : O extends Option<infer _, infer Out> ? Out : never;

/** What people write in code: every key may be left out. */
export type OptionsInput<S extends OptionsSchema> = { readonly [K in keyof S]?: InOf<S[K]> | undefined };
/** What a plugin is given: complete, defaults filled in. */
export type OptionsOutput<S extends OptionsSchema> = { readonly [K in keyof S]: OutOf<S[K]> };

type Given<D, Out> = [D] extends [undefined] ? Out | undefined : Out;

function make<In, Out>(
  kind: OptionKind,
  schema: v.GenericSchema<unknown, Out>,
  details: OptionDetails<In> & Partial<Option<In, Out>>,
): Option<In, Out> {
  return { ...details, kind, schema, secret: details.secret ?? false };
}

const optionString = <const D extends string | undefined = undefined>(
  details: OptionDetails<string> & {
    readonly default?: D;
    readonly pattern?: RegExp;
    readonly expects?: string;
  },
): Option<string, Given<D, string>> => {
  const text = v.string("must be a text");
  const schema = details.pattern
    ? v.pipe(text, v.regex(details.pattern, details.expects ?? `must match ${details.pattern}`))
    : text;
  return make<string, string>("string", schema, details) as Option<string, Given<D, string>>;
};

const optionChoice = <const C extends string, const D extends C | undefined = undefined>(
  choices: readonly C[],
  details: OptionDetails<C> & { readonly default?: D },
): Option<C, Given<D, C>> =>
  make<C, C>("string", v.picklist(choices, `must be one of ${choices.join(", ")}`), {
    ...details,
    choices,
  }) as Option<C, Given<D, C>>;

interface NumberDetails extends OptionDetails<number> {
  readonly min?: number;
  readonly max?: number;
}

const bounded = (
  schema: v.GenericSchema<unknown, number>,
  { min = -Infinity, max = Infinity }: NumberDetails,
) => v.pipe(schema, v.minValue(min, `must be at least ${min}`), v.maxValue(max, `must be at most ${max}`));

const optionInteger = <const D extends number | undefined = undefined>(
  details: NumberDetails & { readonly default?: D },
): Option<number, Given<D, number>> =>
  make<number, number>(
    "integer",
    bounded(v.pipe(v.number("must be a whole number"), v.integer("must be a whole number")), details),
    details,
  ) as Option<number, Given<D, number>>;

const optionNumber = <const D extends number | undefined = undefined>(
  details: NumberDetails & { readonly default?: D },
): Option<number, Given<D, number>> =>
  make<number, number>("number", bounded(v.number("must be a number"), details), details) as Option<
    number,
    Given<D, number>
  >;

const optionBoolean = <const D extends boolean | undefined = undefined>(
  details: OptionDetails<boolean> & { readonly default?: D },
): Option<boolean, Given<D, boolean>> =>
  make<boolean, boolean>("boolean", v.boolean("must be true or false"), details) as Option<
    boolean,
    Given<D, boolean>
  >;

const scalar = v.union([v.string(), v.number()]);

/** Reads with `parse`; where that gives undefined, the value is refused with `message`. */
function parsed(
  parse: (value: string | number) => number | undefined,
  message: string,
): v.GenericSchema<unknown, number> {
  return v.pipe(
    v.unknown(),
    v.check((value) => v.is(scalar, value) && parse(value) !== undefined, message),
    v.transform((value) => parse(value as string | number) as number),
  );
}

/** A timer of Node that should run longer fires at once. */
const MAX_DURATION_MS = 2_147_483_647;

const optionDuration = <const D extends string | number | undefined = undefined>(
  details: OptionDetails<string | number> & { readonly default?: D; readonly unit?: DurationUnit },
): Option<string | number, Given<D, number>> => {
  const unit = details.unit ?? "ms";
  const schema = v.pipe(
    parsed(
      (value) => parseDuration(value, unit),
      `must be a duration such as '5s', '1m30s' or '500ms', or a number of ${unit === "s" ? "seconds" : "milliseconds"}`,
    ),
    v.maxValue(MAX_DURATION_MS, "must be at most 24 days, which is as long as a timer can run"),
  );
  return make<string | number, number>("duration", schema, { ...details, unit }) as Option<
    string | number,
    Given<D, number>
  >;
};

const optionSize = <const D extends string | number | undefined = undefined>(
  details: OptionDetails<string | number> & { readonly default?: D },
): Option<string | number, Given<D, number>> =>
  make<string | number, number>(
    "size",
    parsed(parseSize, "must be a size such as '4MiB' or '64kB', or a number of bytes"),
    details,
  ) as Option<string | number, Given<D, number>>;

const optionList = <const D extends readonly string[] | undefined = undefined>(
  details: OptionDetails<readonly string[]> & { readonly default?: D },
): Option<readonly string[], Given<D, readonly string[]>> =>
  make<readonly string[], readonly string[]>(
    "list",
    v.array(v.string("must be a text"), "must be a list of texts"),
    details,
  ) as Option<readonly string[], Given<D, readonly string[]>>;

/** Lists are objects to valibot. */
const isMap = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What stands under one name of a map. */
export const mapEntrySchema: v.GenericSchema<unknown, string> = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "must be a text"),
  v.transform(String),
);

const optionMap = <const D extends Readonly<Record<string, unknown>> | undefined = undefined>(
  details: OptionDetails<Readonly<Record<string, string>>> & { readonly default?: D },
): Option<Readonly<Record<string, string>>, Given<D, Readonly<Record<string, string>>>> => {
  return make<Readonly<Record<string, string>>, Readonly<Record<string, string>>>(
    "map",
    v.pipe(
      v.custom<object>(isMap, "must be a map of texts"),
      v.record(v.string(), mapEntrySchema, "must be a map of texts"),
    ),
    details,
  ) as Option<Readonly<Record<string, string>>, Given<D, Readonly<Record<string, string>>>>;
};

/** An option with options of its own, such as `tls`. Its value is undefined unless one of them is set. */
const optionObject = <const S extends OptionsSchema>(
  options: S,
  details: Omit<OptionDetails<never>, "default">,
): Option<OptionsInput<S>, OptionsOutput<S> | undefined> =>
  make<OptionsInput<S>, OptionsOutput<S>>(
    "object",
    objectSchema(options) as v.GenericSchema<unknown, OptionsOutput<S>>,
    { ...details, options },
  ) as Option<OptionsInput<S>, OptionsOutput<S> | undefined>;

/** A value that only code can give: a function, a stream, an instance. `check` says whether it is one. */
const optionValue = <T, const D extends T | undefined = undefined>(
  check: (value: unknown) => value is T,
  details: OptionDetails<T> & { readonly default?: D; readonly expects: string },
): Option<T, Given<D, T>> =>
  make<T, T>("value", v.custom<T>(check, `must be ${details.expects}`), details) as Option<T, Given<D, T>>;

/** The valibot schema of a whole set of options, defaults applied. */
export function objectSchema(options: OptionsSchema): v.GenericSchema<unknown, Record<string, unknown>> {
  // Without a prototype: a key such as `toString` is as unknown as any other.
  const entries: Record<string, v.GenericSchema> = Object.assign(
    Object.create(null),
    Object.fromEntries(
      Object.entries(options).map(([key, option]) => [
        key,
        v.optional(option.schema, option.default as never),
      ]),
    ),
  );
  return v.pipe(
    v.custom<object>(isMap, "must be a map of options"),
    v.strictObject(entries, "must be a map of options"),
  ) as unknown as v.GenericSchema<unknown, Record<string, unknown>>;
}

/**
 * Builders of configuration options. Without a `default` the plugin is given undefined where nothing is set.
 * Durations arrive in milliseconds, sizes in bytes.
 */
export const option = {
  string: optionString,
  /** One of a fixed set of texts. */
  choice: optionChoice,
  integer: optionInteger,
  number: optionNumber,
  boolean: optionBoolean,
  /** `5s`, `1m30s`, or a number of `unit` (@default "ms"). */
  duration: optionDuration,
  /** `4MiB`, or a number of bytes. */
  size: optionSize,
  /** A list of texts; as a flag repeatable or comma separated. */
  list: optionList,
  /** Texts by name; as a flag `key=value`, repeatable. */
  map: optionMap,
  object: optionObject,
  value: optionValue,
} as const;

/** The first key of `config` under which no option stands; undefined when there is none such. */
export function notAnOption(config: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(config).find((key) => {
    const found = config[key] as Partial<Option> | null | undefined;
    return typeof found !== "object" || found === null || !("schema" in found);
  });
}

/** `poolSize` → `pool_size`, the form of files, flags and variables. */
export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
