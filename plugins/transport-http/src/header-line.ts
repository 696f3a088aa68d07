import { violation } from "./errors.ts";

/** Headers that say something to the transport itself. */
export const Role = {
  none: 0,
  length: 1,
  encoding: 2,
  connection: 3,
  id: 4,
  stream: 5,
  mux: 6,
  host: 7,
} as const;
/** One of {@link Role}. */
export type Role = (typeof Role)[keyof typeof Role];

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ["content-length", Role.length],
  ["transfer-encoding", Role.encoding],
  ["connection", Role.connection],
  ["micro-id", Role.id],
  ["micro-stream", Role.stream],
  ["micro-mux", Role.mux],
  ["host", Role.host],
]);

/** A header name, as this process has seen it before. */
export interface Name {
  /** As it was written. */
  readonly raw: string;
  readonly lower: string;
  readonly role: Role;
}

interface Field {
  readonly name: Name;
  readonly value: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

const MAX_NAMES = 1024;
const names = new Map<string, Name>();

/** All lines from `from` on. Throws `BAD_REQUEST`. */
export function fieldsOf(text: string, from: number): Field[] {
  const line = new LineReader();
  const fields: Field[] = [];
  for (line.next = from; line.next < text.length; ) {
    line.read(text, line.next, undefined);
    fields.push({ name: line.name, value: line.value });
  }
  return fields;
}

/** Takes one header line apart; one for many lines, as this is where reading spends its time. */
export class LineReader {
  name: Name = { raw: "", lower: "", role: Role.none };
  value = "";
  /** Where the next line begins. */
  next = 0;

  /** Reads the line at `from`, whose name is probably `guess`. */
  read(text: string, from: number, guess: Name | undefined): void {
    const name = guess !== undefined && startsWithName(text, from, guess.raw) ? guess : readName(text, from);
    let start = from + name.raw.length + 1;
    while (isBlank(text.charCodeAt(start))) start++;
    let end = start;
    let unusual = false;
    // The block ends with a line end, so this ends too.
    for (let code = text.charCodeAt(end); code !== CR; code = text.charCodeAt(++end)) {
      if (code > 126 || (code < 32 && code !== TAB)) unusual = true;
    }
    if (text.charCodeAt(end + 1) !== LF)
      throw violation(`a bare carriage return stands in ${quote(name.lower)}`);
    this.next = end + 2;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    const value = text.substring(start, end);
    this.name = name;
    this.value = unusual ? readUnusual(value) : value.length < SHORTEST_VIEW ? value : copied(value);
  }
}

/** From this length on V8 makes a part of a text a view of the whole text. */
const SHORTEST_VIEW = 13;

/** The same text, which does not keep alive what it was cut from: for whoever may hold it longer than a message lasts. */
export function copied(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function startsWithName(text: string, from: number, raw: string): boolean {
  const { length } = raw;
  for (let at = 0; at < length; at++) if (text.charCodeAt(from + at) !== raw.charCodeAt(at)) return false;
  return text.charCodeAt(from + length) === COLON;
}

function readName(text: string, from: number): Name {
  const end = text.indexOf("\r\n", from);
  const colon = text.indexOf(":", from);
  if (colon < 0 || colon > end) {
    throw violation(`the header line ${quote(text.substring(from, end))} has no ':'`);
  }
  return headerName(text.substring(from, colon));
}

function readUnusual(value: string): string {
  if (CONTROL.test(value)) throw violation(`the header value ${quote(value)} has a control character`);
  // Go writes values as raw UTF-8 (spec 1.1); the block was read as latin1 so that one string serves it all.
  return Buffer.from(value, "latin1").toString("utf8");
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function headerName(text: string): Name {
  const known = names.get(text);
  if (known !== undefined) return known;
  // Also refuses folded lines and blanks before the colon.
  if (!TOKEN.test(text)) throw violation(`${quote(text)} is no header name`);
  // It is remembered for longer than the block that it is a part of.
  const raw = copied(text);
  const lower = raw.toLowerCase();
  const name = { raw, lower, role: ROLES.get(lower) ?? Role.none };
  if (names.size < MAX_NAMES && raw.length <= 64) names.set(raw, name);
  return name;
}

/** A piece of what a peer sent, fit for an error text. */
export function quote(text: string): string {
  const piece = text.length > 64 ? `${text.slice(0, 64)}…` : text;
  return JSON.stringify(piece);
}
