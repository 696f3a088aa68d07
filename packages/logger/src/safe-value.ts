import { MicroError } from "@micro/core";

/** Bounds of one log line, so that no value can make it endless. */
export interface LogLimits {
  /** Levels of objects and lists inside each other. @default 8 */
  readonly depth: number;
  /** Values of one call's fields, all levels together. @default 1000 */
  readonly values: number;
  /** Characters of one text. @default 16384 */
  readonly text: number;
  /** Characters of one call's fields, all texts and names together. @default 131072 */
  readonly line: number;
}

/** What stands in for the value of a redacted field. */
export const REDACTED = "[redacted]";

/** Turns fields, or what was given in their place, into plain data that every sink can write. */
export type MakeSafe = (fields: unknown) => Record<string, unknown>;

interface Pass {
  readonly limits: LogLimits;
  readonly isRedacted: (key: string) => boolean;
  /** Objects on the way down to the value, to notice circles. */
  readonly above: Set<object>;
  valuesLeft: number;
  charactersLeft: number;
}

const NAME_CHARACTERS = 256;
const CACHED_NAMES = 1000;

/** The words of a name: `privateKey`, `Private-Key` and `private_key` are `_private_key`. */
const wordsOf = (key: string) =>
  `_${key
    .replace(/([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$2_")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "")}`;

/** `private_key` without what joins its words: `PRIVATEKEY` is the same name. */
const joined = (words: string) => words.replaceAll("_", "");

/**
 * Whether a field's value is masked: its last words are one of the names, so that `token` masks `apiToken` too, and not
 * `token_count`. Field names are few and repeat, so that the answer is remembered.
 */
function createIsRedacted(redact: readonly string[]): (key: string) => boolean {
  const endings = redact.map(wordsOf);
  const names = new Set(endings.map(joined));
  const known = new Map<string, boolean>();
  return (key) => {
    let answer = known.get(key);
    if (answer === undefined) {
      const words = wordsOf(key);
      answer = names.has(joined(words)) || endings.some((ending) => words.endsWith(ending));
      if (known.size < CACHED_NAMES && key.length <= NAME_CHARACTERS) known.set(key, answer);
    }
    return answer;
  };
}

/**
 * A function that turns fields into plain data: fields named in `redact` are masked in any depth and case, errors
 * keep stack and causes, circles and excess are named as such. What is no map of fields is not lost: an error stands
 * under `error`, anything else under `value`. It never throws and calls no code but getters and toJSON.
 */
export function createMakeSafe(redact: readonly string[], limits: LogLimits): MakeSafe {
  const isRedacted = createIsRedacted(redact);
  return (fields) => {
    const pass: Pass = {
      limits,
      isRedacted,
      above: new Set(),
      valuesLeft: limits.values,
      charactersLeft: limits.line,
    };
    try {
      return entriesOf(...entriesIn(fieldsOf(fields)), pass, 1);
    } catch (error) {
      return { value: `[unreadable: ${textOf(reasonOf(error), pass)}]` };
    }
  };
}

type Entries = readonly [value: Readonly<Record<string, unknown>>, keys: readonly string[]];

const entriesIn = (value: Readonly<Record<string, unknown>>): Entries => [value, Object.keys(value)];

function fieldsOf(given: unknown): Readonly<Record<string, unknown>> {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object") return { value: given };
  if (isError(given)) return { error: given };
  const isPlain = !Array.isArray(given) && !(given instanceof Map) && !(given instanceof Set);
  return isPlain ? (given as Readonly<Record<string, unknown>>) : { value: given };
}

/** The text, or so many characters of it and how many more there are. */
export function boundText(text: string, characters: number): string {
  const { length } = text;
  return length <= characters ? text : `${text.slice(0, characters)}… (${length - characters} more)`;
}

function textOf(text: string, pass: Pass): string {
  const bound = boundText(text, Math.min(pass.limits.text, pass.charactersLeft));
  pass.charactersLeft = Math.max(0, pass.charactersLeft - bound.length);
  return bound;
}

function safe(value: unknown, pass: Pass, depth: number): unknown {
  switch (typeof value) {
    case "string":
      return textOf(value, pass);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
    case "undefined":
      return value;
    case "bigint":
    case "symbol":
      return textOf(String(value), pass);
    case "function":
      return `[function ${textOf(value.name, pass) || "anonymous"}]`;
    case "object":
      return value === null ? null : safeObject(value, pass, depth);
  }
}

function safeObject(value: object, pass: Pass, depth: number): unknown {
  if (pass.above.has(value)) return "[circular]";
  if (depth > pass.limits.depth) return "[too deep]";
  pass.above.add(value);
  try {
    return convert(value, pass, depth);
  } catch (error) {
    return `[unreadable: ${textOf(reasonOf(error), pass)}]`;
  } finally {
    pass.above.delete(value);
  }
}

function convert(value: object, pass: Pass, depth: number): unknown {
  if (Array.isArray(value)) return listOf(value, value.length, pass, depth);
  if (isError(value)) return errorOf(value, pass, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, entry]) => [String(key), entry] as const);
    const copy = Object.fromEntries(entries);
    return entriesOf(copy, Object.keys(copy), pass, depth + 1);
  }
  if (value instanceof Set) return listOf(value, value.size, pass, depth);
  if (value instanceof RegExp || value instanceof URL) return textOf(String(value), pass);
  if ("toJSON" in value && typeof value.toJSON === "function") return safe(value.toJSON(), pass, depth + 1);
  return entriesOf(value as Record<string, unknown>, Object.keys(value), pass, depth + 1);
}

function listOf(values: Iterable<unknown>, length: number, pass: Pass, depth: number): unknown[] {
  const list: unknown[] = [];
  for (const entry of values) {
    if (pass.valuesLeft-- <= 0) {
      list.push(`[${length - list.length} more]`);
      break;
    }
    list.push(safe(entry, pass, depth + 1) ?? null);
  }
  return list;
}

function entriesOf(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  pass: Pass,
  depth: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [index, key] of keys.entries()) {
    if (pass.valuesLeft-- <= 0) {
      copy["…"] = `[${keys.length - index} more]`;
      break;
    }
    const entry = readEntry(value, key, pass, depth);
    if (entry === undefined) continue;
    // An assignment to this one name would change the prototype.
    copy[key === "__proto__" ? "__proto__ (own)" : boundText(key, NAME_CHARACTERS)] = entry;
    pass.charactersLeft = Math.max(0, pass.charactersLeft - Math.min(key.length, NAME_CHARACTERS));
  }
  return copy;
}

function readEntry(
  value: Readonly<Record<string, unknown>>,
  key: string,
  pass: Pass,
  depth: number,
): unknown {
  if (pass.isRedacted(key)) return REDACTED;
  try {
    return safe(value[key], pass, depth);
  } catch (error) {
    return `[unreadable: ${textOf(reasonOf(error), pass)}]`;
  }
}

/** An error of this realm, or of any copy of core. */
export const isError = (value: unknown): value is Error => value instanceof Error || MicroError.is(value);

/** Name, message, stack, causes, and what else stands on it, such as `code`. */
function errorOf(error: Error, pass: Pass, depth: number): Record<string, unknown> {
  const { name, message, stack } = error;
  const own = Object.keys(error).filter(
    (key) => !["name", "message", "stack", "cause", "errors"].includes(key),
  );
  // The detail of a MicroError is its message.
  const rest = MicroError.is(error) ? own.filter((key) => key !== "detail") : own;
  const errors = (error as { readonly errors?: unknown }).errors;
  return {
    name: safe(name, pass, depth + 1),
    message: safe(message, pass, depth + 1),
    ...entriesOf(error as unknown as Record<string, unknown>, rest, pass, depth + 1),
    ...(typeof stack === "string" ? { stack: textOf(stack, pass) } : {}),
    ...(error.cause === undefined ? {} : { cause: safe(error.cause, pass, depth + 1) }),
    ...(errors === undefined ? {} : { errors: safe(errors, pass, depth + 1) }),
  };
}

/** What can be said of anything that was thrown. */
export const reasonOf = (thrown: unknown): string => MicroError.from(thrown).detail;
