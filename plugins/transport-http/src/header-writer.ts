import { canonicalKey, type Metadata } from "@micro/core";
import { transportError } from "@micro/transport";
import type { HttpSettings } from "./settings.ts";

/** Headers that the framing or the multiplexing owns: nobody sets them from outside. */
const OWNED = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "micro-credit",
  "micro-id",
  "micro-mux",
  "micro-stream",
  "micro-window",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Control characters but the tab: they would break a line or be refused by a strict reader.
const CONTROL = /[^\t\x20-\x7e\u{80}-\u{10ffff}]/gu;
const ASCII = /^[\t\x20-\x7e]*$/;

const MAX_KEYS = 256;
/** A header with more values than this changes from call to call. */
const MAX_LINES = 64;
const MAX_KNOWN_VALUE = 128;
const MAX_SHAPES = 4;

/** What is remembered of one header name: the lines of values seen before. All of it is ASCII. */
interface KnownKey {
  /** `Content-Type: `; empty for a header that is never written. */
  readonly prefix: string;
  /** Undefined once there were too many different values. */
  lines: Map<string, string> | undefined;
}

/** A header as it was written before: what follows it is mostly equal. */
interface Shape {
  readonly fields: readonly ShapeField[];
  /** The start line and the lines of all fields that have a value here. */
  readonly stable: string;
}

interface ShapeField {
  readonly key: string;
  readonly known: KnownKey;
  /** Undefined where the value changes from call to call, and for what is never written. */
  readonly value: string | undefined;
}

/** Header lines written before, shared by the connections of one transport. Bounded. */
export class HeaderLines {
  readonly #keys = new Map<string, KnownKey>();

  constructor() {
    for (const key of OWNED) this.#keys.set(key, knownKey(""));
  }

  /** Throws `BAD_REQUEST` for a key that is no header name. */
  find(key: string): KnownKey {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    if (!TOKEN.test(key)) {
      throw transportError("BAD_REQUEST", `${JSON.stringify(key)} is no header name`, { notSent: true });
    }
    const added = knownKey(`${canonicalKey(key)}: `);
    if (this.#keys.size < MAX_KEYS) this.#keys.set(key, added);
    return added;
  }
}

function knownKey(prefix: string): KnownKey {
  return { prefix, lines: new Map() };
}

/** Whose message it is: written as `Micro-Id` and `Micro-Stream`, each left out when empty. */
export interface Correlation {
  readonly id: string;
  readonly stream: string;
}

/**
 * Writes the header blocks of one connection. Values seen before come first and those that change from call to call
 * after `Micro-Id`, so that the first part of the block is the same text each time: cheap to write, cheap to read.
 */
export class HeaderWriter {
  readonly #start: string;
  readonly #lines: HeaderLines;
  readonly #limits: Pick<HttpSettings, "maxHeaderSize" | "maxHeaders">;
  readonly #shapes: Shape[] = [];
  #shape: Shape | undefined;
  #replaceAt = 0;
  /** Whether the block written last is plain ASCII; else it is to be encoded as UTF-8 (spec 1.1). */
  ascii = true;

  /** `start` is the start line with its line end, and `Host` for requests. */
  constructor(start: string, lines: HeaderLines, limits: Pick<HttpSettings, "maxHeaderSize" | "maxHeaders">) {
    this.#start = start;
    this.#lines = lines;
    this.#limits = limits;
  }

  /**
   * The block of a message, without `Content-Length` and the empty line behind it. Throws `BAD_REQUEST` for a key that
   * is no header name and `RESOURCE_EXHAUSTED` for too large a block; both before anything is sent.
   */
  write(header: Metadata, correlation: Correlation): string {
    let shape = this.#shape;
    let changing = this.#repeat(shape, header);
    for (let at = 0; changing === undefined && at < this.#shapes.length; at++) {
      shape = this.#shapes[at];
      changing = this.#repeat(shape, header);
    }
    if (shape === undefined || changing === undefined) {
      const made = this.#shapeOf(header);
      ({ shape, changing } = made);
      if (made.lasting) this.#keep(shape);
    } else this.#shape = shape;
    let block = shape.stable;
    if (correlation.stream !== "") block += `Micro-Stream: ${correlation.stream}\r\n`;
    if (correlation.id !== "") block += `Micro-Id: ${correlation.id}\r\n`;
    block += changing;
    const size = this.ascii ? block.length : Buffer.byteLength(block);
    const count = shape.fields.length + 4;
    if (size + 32 > this.#limits.maxHeaderSize || count > this.#limits.maxHeaders) this.#refuse(size, count);
    return block;
  }

  /** The changing lines of a header that is otherwise equal to the one of `shape`; undefined for any other. */
  #repeat(shape: Shape | undefined, header: Metadata): string | undefined {
    if (shape === undefined || shape.fields.length !== header.size) return undefined;
    this.ascii = true;
    let changing = "";
    for (let at = 0; at < shape.fields.length; at++) {
      const field = shape.fields[at] as ShapeField;
      if (field.key !== header.keyAt(at)) return undefined;
      const value = header.valueAt(at);
      if (field.value === undefined) {
        if (field.known.prefix !== "") changing += this.#newLine(field.known, value);
      } else if (field.value !== value) return undefined;
    }
    return changing;
  }

  #shapeOf(header: Metadata): { shape: Shape; changing: string; lasting: boolean } {
    let stable = this.#start;
    let changing = "";
    const fields: ShapeField[] = [];
    let lasting = true;
    this.ascii = true;
    for (const [key, value] of header) {
      const known = this.#lines.find(key);
      const line = known.lines?.get(value);
      if (line !== undefined) stable += line;
      else if (known.prefix !== "") {
        // Seen for the first time: whether it changes from call to call will show.
        lasting &&= known.lines === undefined;
        changing += this.#newLine(known, value);
      }
      fields.push({ key, known, value: line === undefined ? undefined : value });
    }
    // The detour makes one flat text of many pieces.
    return { shape: { fields, stable: Buffer.from(stable, "latin1").toString("latin1") }, changing, lasting };
  }

  #keep(shape: Shape): void {
    this.#shape = shape;
    this.#shapes[this.#replaceAt] = shape;
    this.#replaceAt = (this.#replaceAt + 1) % MAX_SHAPES;
  }

  #newLine(known: KnownKey, value: string): string {
    if (ASCII.test(value)) {
      const line = `${known.prefix}${value}\r\n`;
      if (known.lines === undefined || value.length > MAX_KNOWN_VALUE) return line;
      known.lines.set(value, line);
      if (known.lines.size > MAX_LINES) known.lines = undefined;
      return line;
    }
    const clean = value.replace(CONTROL, " ");
    if (!ASCII.test(clean)) this.ascii = false;
    return `${known.prefix}${clean}\r\n`;
  }

  #refuse(size: number, count: number): never {
    const { maxHeaders, maxHeaderSize } = this.#limits;
    throw transportError(
      "RESOURCE_EXHAUSTED",
      count > maxHeaders
        ? `a message has ${count} headers, more than transport.max_headers, ${maxHeaders}`
        : `a header block of ${size} bytes is larger than transport.max_header_size, ${maxHeaderSize} bytes`,
      { notSent: true },
    );
  }
}
