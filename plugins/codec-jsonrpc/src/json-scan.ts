/** Where bytes stop being JSON, and why. */
export class JsonProblem extends Error {}

/** Two levels of the envelope around what `json_max_depth` allows at most. */
const MAX_DEPTH = 5002;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const ESCAPE = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LITERALS = new Map(["true", "false", "null"].map((text) => [text.charCodeAt(0), Buffer.from(text)]));
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));
const LETTER_U = 0x75;

/** The index behind one JSON value and the space in front of it. Throws a {@link JsonProblem}. Takes no stack. */
export function skipValue(bytes: Uint8Array, start: number): number {
  const closers: number[] = [];
  let at = start;
  for (;;) {
    at = skipSpace(bytes, at);
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_LIST) {
      const closer = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== closer) {
        if (closers.length === MAX_DEPTH) throw problem("values are nested too deep", at);
        closers.push(closer);
        if (closer === CLOSE_OBJECT) at = skipKey(bytes, at);
        continue;
      }
      at++;
    } else at = skipScalar(bytes, at);
    // A value has ended: what stood around it may have ended too.
    for (;;) {
      const closer = closers.at(-1);
      if (closer === undefined) return at;
      at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) {
        at = skipSpace(bytes, at + 1);
        if (closer === CLOSE_OBJECT) at = skipKey(bytes, at);
        break;
      }
      if (bytes[at] !== closer) throw unexpected(bytes, at);
      closers.pop();
      at++;
    }
  }
}

/** The index of the first byte from `at` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let byte = bytes[end]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; ) {
    byte = bytes[++end];
  }
  return end;
}

/** Calls `visit` for each member of the object that the bytes are; `visit` gives the index behind the value. */
export function visitMembers(bytes: Uint8Array, visit: (key: string, at: number) => number): void {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_OBJECT) throw unexpected(bytes, at);
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_OBJECT) at++;
  else at = skipItems(bytes, at, CLOSE_OBJECT, (start) => visitMember(bytes, start, visit));
  requireEnd(bytes, at);
}

function visitMember(bytes: Uint8Array, at: number, visit: (key: string, at: number) => number): number {
  const end = skipKey(bytes, at);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString("utf8");
  const key = JSON.parse(text.slice(0, text.lastIndexOf('"') + 1)) as string;
  return visit(key, skipSpace(bytes, end));
}

/** Calls `visit` for each value of the list at `at`; `visit` gives the index behind the value, and this the one behind the list. */
export function visitList(bytes: Uint8Array, at: number, visit: (at: number) => number): number {
  if (bytes[at] !== OPEN_LIST) throw unexpected(bytes, at);
  const first = skipSpace(bytes, at + 1);
  if (bytes[first] === CLOSE_LIST) return first + 1;
  return skipItems(bytes, first, CLOSE_LIST, visit);
}

function skipItems(bytes: Uint8Array, first: number, closer: number, item: (at: number) => number): number {
  let at = first;
  for (;;) {
    at = skipSpace(bytes, item(skipSpace(bytes, at)));
    if (bytes[at] === closer) return at + 1;
    if (bytes[at] !== COMMA) throw unexpected(bytes, at);
    at++;
  }
}

/** Throws a {@link JsonProblem} when there is more than space from `at`. */
export function requireEnd(bytes: Uint8Array, at: number): void {
  const end = skipSpace(bytes, at);
  if (end < bytes.length) throw unexpected(bytes, end);
}

/** A member's key and the colon behind it. */
function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) throw unexpected(bytes, at);
  const colon = skipSpace(bytes, skipString(bytes, at));
  if (bytes[colon] !== COLON) throw unexpected(bytes, colon);
  return colon + 1;
}

function skipScalar(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  const literal = LITERALS.get(first ?? 0);
  if (literal === undefined) return skipNumber(bytes, at);
  for (let index = 0; index < literal.length; index++) {
    if (bytes[at + index] !== literal[index]) throw unexpected(bytes, at + index);
  }
  return at + literal.length;
}

function skipString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (; bytes[at] !== QUOTE; at++) {
    const byte = bytes[at];
    if (byte === undefined || byte < 0x20) throw unexpected(bytes, at);
    if (byte !== ESCAPE) continue;
    const escaped = bytes[++at] ?? 0;
    if (escaped === LETTER_U) {
      for (const end = at + 4; at < end; ) if (!isHex(bytes[++at])) throw unexpected(bytes, at);
    } else if (!ESCAPED.has(escaped)) throw unexpected(bytes, at);
  }
  return at + 1;
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  // No digit may follow a leading zero.
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === POINT) at = skipDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === MINUS || sign === 0x2b ? at + 2 : at + 1);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  if (at === start) throw unexpected(bytes, at);
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function unexpected(bytes: Uint8Array, at: number): JsonProblem {
  const byte = bytes[at];
  if (byte === undefined) return problem("it ends in the middle", bytes.length);
  const shown = byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16)}`;
  return problem(`unexpected ${shown}`, at);
}

function problem(what: string, at: number): JsonProblem {
  return new JsonProblem(`${what} at byte ${at}`);
}
