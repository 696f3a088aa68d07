import { unencodable } from "@micro/codec";

/** Bodies up to this length are written into a shared block of memory; each gets its own part of it. */
const POOLED_LENGTH = 8 * 1024;
const POOL_BYTES = 64 * 1024;
const NEWLINE = 10;

const QUOTE = 34;
const ZERO = 48;
const LETTER_T = 116;
const CLOSE = 125;

type Write = (text: string) => Uint8Array;

/** A writer of bodies, a text and a newline each, with a block of memory of its own. */
export function createWrite(): Write {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (text) => {
    const { length } = text;
    if (length > POOLED_LENGTH) return Buffer.from(`${text}\n`);
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (pool.length - used <= length * 3) {
      pool = Buffer.allocUnsafeSlow(POOL_BYTES);
      used = 0;
    }
    const start = used;
    used += pool.write(text, start, "utf8");
    pool[used++] = NEWLINE;
    return pool.subarray(start, used);
  };
}

/** JSON for Go's plain structs: bytes as standard base64, bigint as a bare number, Map as an object (spec 1.5). */
export function stringify(value: unknown, contentType: string): string {
  // Go's client fails on an empty reply body.
  if (value === undefined) return "{}";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
    if (text === undefined) {
      throw unencodable(contentType, value, {
        carries: "data",
        hint: "return an object, a list or a scalar",
      });
    }
    if (mayHoldSpecial(text) && holdsSpecial(value)) text = JSON.stringify(value, writeSpecial);
    return text;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return stringifySlowly(value, contentType);
  }
}

/** JSON.stringify throws on a bigint: with the replacer it does not. What throws again cannot be carried. */
function stringifySlowly(value: unknown, contentType: string): string {
  try {
    return JSON.stringify(value, writeSpecial);
  } catch (cause) {
    const reason = (cause as Error).message.split("\n", 1)[0];
    throw unencodable(contentType, value, { carries: "trees of plain data", hint: `${reason}`, cause });
  }
}

/**
 * Whether bytes, a Map or a Set may have been lost in the text: without a replacer they come out as `{"0":…`,
 * `{"type":"Buffer"…` or `{}`. Looking for that costs less than looking at each value.
 */
function mayHoldSpecial(text: string): boolean {
  for (let at = text.indexOf("{"); at !== -1; at = text.indexOf("{", at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next === CLOSE) return true;
    if (next !== QUOTE) continue;
    const first = text.charCodeAt(at + 2);
    if (first === ZERO && text.charCodeAt(at + 3) === QUOTE) return true;
    if (first === LETTER_T && text.startsWith('type":"Buffer"', at + 2)) return true;
  }
  return false;
}

/** Whether the replacer has something to do. Only asked after JSON.stringify went through, so there is no circle. */
function holdsSpecial(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsSpecial);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  if (value instanceof Map || value instanceof Set) return true;
  // A value with a form of its own may hide anything, circles too: the replacer sees what it gives.
  if ("toJSON" in value && typeof value.toJSON === "function") return !(value instanceof Date);
  for (const key in value) {
    if (holdsSpecial((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

interface RawJson {
  readonly rawJSON: (text: string) => unknown;
}

/** A replacer; `this` holds the value as it was before its toJSON. */
function writeSpecial(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as RawJson).rawJSON(value.toString());
  if (typeof value !== "object" || value === null) return value;
  const given = (this as Record<string, unknown>)[key];
  if (ArrayBuffer.isView(given)) {
    const { buffer, byteOffset, byteLength } = given;
    const isBytes =
      given instanceof Uint8Array || given instanceof Uint8ClampedArray || given instanceof DataView;
    return isBytes
      ? Buffer.from(buffer, byteOffset, byteLength).toString("base64")
      : Array.from(given as never);
  }
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString("base64");
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}
