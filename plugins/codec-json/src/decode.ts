import { readUtf8 } from "@micro/codec";
import { MicroError } from "@micro/core";
import { MessageProblem } from "@micro/core/message";

/** What a decoder keeps to. */
export interface DecodeOptions {
  readonly contentType: string;
  /** Levels of lists and objects inside each other. */
  readonly maxDepth: number;
  /** Bytes of one body. */
  readonly maxBytes: number;
  /** What a whole number becomes that a double cannot hold; `int64`: a bigint if it may have 64 bits, else a number. */
  readonly bigIntegers: "number" | "bigint" | "int64";
}

const SIXTEEN_DIGITS = /\d{16}/;

/** Reads one body. Throws a MicroError `BAD_REQUEST` that says what is wrong and where. */
export function decode(bytes: Uint8Array, options: DecodeOptions): unknown {
  if (bytes.length === 0) return undefined;
  const text = readText(bytes, options);
  const value = parse(text, options);
  // Both key names hold these letters, unless they are written with escapes.
  if (text.includes("proto") || text.includes("\\u")) checkKeys(value, options);
  return value;
}

/**
 * Reads one body that a message is made of; undefined for an empty one. Keys are not checked: a message has none but its
 * fields. Throws a MicroError `BAD_REQUEST`.
 */
export function decodePlain(bytes: Uint8Array, options: DecodeOptions): unknown {
  return bytes.length === 0 ? undefined : parse(readText(bytes, options), options);
}

function readText(bytes: Uint8Array, options: DecodeOptions): string {
  if (bytes.length > options.maxBytes) {
    throw refused(options, `${bytes.length} bytes are more than ${options.maxBytes}`, "codec.json_max_size");
  }
  const text = readUtf8(bytes, options.contentType);
  const { maxDepth } = options;
  // A level takes a bracket: most texts are too short or hold too few to be that deep.
  if (text.length > maxDepth && hasBrackets(text, maxDepth)) checkDepth(bytes, options);
  return text;
}

function parse(text: string, options: DecodeOptions): unknown {
  try {
    if (options.bigIntegers !== "number" && SIXTEEN_DIGITS.test(text)) {
      return JSON.parse(text, options.bigIntegers === "bigint" ? readAny : readInt64);
    }
    return JSON.parse(text);
  } catch (cause) {
    // Go writes a newline after each value, so a body may be that newline alone.
    if (text.trim() === "") return undefined;
    throw refused(options, `not JSON: ${(cause as Error).message}`, undefined, cause);
  }
}

type Reviver = (key: string, value: unknown) => unknown;

/** What JSON.parse hands to a reviver beside key and value. */
interface Primitive {
  readonly source?: string;
}

/** Makes a bigint of whole numbers that a double does not hold, as long as they have at most so many characters. */
function reviver(maxLength: number): Reviver {
  const revive = (_key: string, value: unknown, { source = "" }: Primitive): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value) || source.length > maxLength) return value;
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return revive as Reviver;
}

const readAny = reviver(Number.POSITIVE_INFINITY);
/** Longer ones have no 64 bits, and a bigint of a million digits takes long. */
const readInt64 = reviver("-9223372036854775808".length);

/** Whether there are more opening brackets than `limit`. */
function hasBrackets(text: string, limit: number): boolean {
  let left = limit;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}

const QUOTE = 1;
const OPEN = 2;
const CLOSED = 3;

/** What a byte means for the depth; bytes of longer UTF-8 characters mean nothing. */
const MEANING = new Uint8Array(256);
for (const [meaning, characters] of [
  [QUOTE, '"'],
  [OPEN, "{["],
  [CLOSED, "}]"],
] as const) {
  for (const character of characters) MEANING[character.charCodeAt(0)] = meaning;
}

/** Refuses what is too deep before it is parsed: a parser pays far more for a level than this does for a byte. */
function checkDepth(bytes: Uint8Array, options: DecodeOptions): void {
  const { length } = bytes;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const meaning = MEANING[bytes[at] as number];
    if (meaning === QUOTE) {
      for (at++; at < length && bytes[at] !== 34; at++) if (bytes[at] === 92) at++;
    } else if (meaning === OPEN && ++depth > options.maxDepth) {
      const what = `lists and objects are nested deeper than ${options.maxDepth} at byte ${at}`;
      throw refused(options, what, "codec.json_max_depth");
    } else if (meaning === CLOSED) {
      depth--;
    }
  }
}

/** Refuses keys that change prototypes where a receiver merges objects carelessly. */
function checkKeys(value: unknown, options: DecodeOptions): void {
  const problem = keyProblem(value);
  if (problem !== undefined) throw refused(options, problem.text);
}

/** The first such key. Its path is made on the way back: most bodies need none, and theirs would cost a level each. */
function keyProblem(value: unknown): MessageProblem | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = keyProblem(value[index]);
      if (problem !== undefined) return problem.in(index);
    }
    return undefined;
  }
  for (const [key, entry] of Object.entries(value)) {
    if (key === "__proto__") return new MessageProblem("the key '__proto__' is not allowed");
    if (typeof entry !== "object" || entry === null) continue;
    if (key === "constructor" && Object.hasOwn(entry, "prototype")) {
      return new MessageProblem("the keys 'constructor.prototype' are not allowed");
    }
    const problem = keyProblem(entry);
    if (problem !== undefined) return problem.in(key);
  }
  return undefined;
}

function refused(options: DecodeOptions, what: string, optionName?: string, cause?: unknown): MicroError {
  return new MicroError({
    code: "BAD_REQUEST",
    detail: `${options.contentType} body: ${what}${optionName === undefined ? "" : `; raise ${optionName} if such messages are meant`}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
