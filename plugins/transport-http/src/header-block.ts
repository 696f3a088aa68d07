import { Metadata } from "@micro/core";
import { transportError } from "@micro/transport";
import { violation } from "./errors.ts";
import { copied, fieldsOf, LineReader, type Name, quote, Role } from "./header-line.ts";
import type { HttpSettings } from "./settings.ts";

/** Which of the two message forms of HTTP/1.1 is read. */
export type MessageKind = "request" | "response";

/** The body of a message without one. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** A message as it came, with what its start line and framing headers said. */
export class ReceivedMessage {
  readonly header: Metadata;
  body: Uint8Array = EMPTY;
  /** Status of a response, 0 for a request. */
  readonly status: number;
  /** `502 Bad Gateway` of a response, the request line of a request. */
  readonly startLine: string;
  /** `Micro-Id`. */
  id: string | undefined = undefined;
  /** `Micro-Stream`. */
  stream: string | undefined = undefined;
  /** `Micro-Mux`: makes it a frame of the multiplexing between our own peers. */
  control: string | undefined = undefined;
  /** `Content-Length`, -1 when there is none. */
  contentLength = -1;
  /** Whether the body is chunked. */
  chunked = false;
  /** `Connection: close`. */
  close = false;
  /** Size of a body beyond the limit, whose bytes were dropped; 0 for any other. */
  tooLarge = 0;

  constructor(status: number, startLine: string, header = new Metadata()) {
    this.status = status;
    this.startLine = startLine;
    this.header = header;
  }

  /** One that begins with the same start line and headers as this one, which is not changed any more. */
  beginning(): ReceivedMessage {
    const message = new ReceivedMessage(this.status, this.startLine, Metadata.over(this.header));
    message.id = this.id;
    message.stream = this.stream;
    message.control = this.control;
    message.contentLength = this.contentLength;
    message.chunked = this.chunked;
    message.close = this.close;
    return message;
  }
}

/** The lines before `Micro-Id`, which our writer keeps equal from call to call: taken apart once. */
interface Stable {
  readonly text: string;
  /** The same and the name of what follows, `Micro-Id`. */
  readonly start: string;
  /** What these lines alone make: the beginning of each message that has them. */
  readonly message: ReceivedMessage;
  /** Whether the start line says HTTP/1.0, which knows no chunks. */
  readonly old: boolean;
  /** Lines of headers, and how many of them the application is shown. */
  readonly lines: number;
  readonly shown: number;
}

const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e]+ HTTP\/1\.[01]$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const OLD = "HTTP/1.0";
const SEPARATOR = "\r\nMicro-Id: ";
const MAX_STABLE = 8;
const MAX_GUESSES = 16;

/** Takes header blocks apart, strictly: what two parsers could read differently is refused (spec 1.1). */
export class HeaderParser {
  readonly #kind: MessageKind;
  readonly #maxHeaders: number;
  readonly #stable: Stable[] = [];
  #replaceAt = 0;
  #last: Stable | undefined;
  readonly #line = new LineReader();
  readonly #guesses: Name[] = [];
  /** Whether `Content-Length` is shown to the application, as Go does (spec 1.4). */
  #showLength = true;

  constructor(kind: MessageKind, settings: Pick<HttpSettings, "maxHeaders">) {
    this.#kind = kind;
    this.#maxHeaders = settings.maxHeaders;
  }

  /** From now on `Content-Length` is the framing's alone. */
  hideLength(): void {
    this.#showLength = false;
    this.#stable.length = 0;
    this.#last = undefined;
  }

  /** How much of a block {@link known} looks at; 0 while nothing is known. */
  get usual(): number {
    return this.#last?.start.length ?? 0;
  }

  /** Length of the lines at `from` that are those of the message before; 0 when they are others. */
  known(text: string, from: number): number {
    const last = this.#last;
    if (last === undefined) return 0;
    // With the name behind them: else the few lines of a first message would hide the many that are stable later.
    // Several times as fast as startsWith.
    return text.substring(from, from + last.start.length) === last.start ? last.text.length : 0;
  }

  /**
   * The block from `from` to `to`, where the last line ends; `known` is what {@link known} said. `text` is latin1 and may
   * go on. Throws `BAD_REQUEST`.
   */
  parse(text: string, { from, to, known }: { from: number; to: number; known: number }): ReceivedMessage {
    const stable = known > 0 ? (this.#last as Stable) : this.#findStable(text.substring(from, to));
    const message = stable.message.beginning();
    let { lines, shown } = stable;
    const line = this.#line;
    line.next = from + stable.text.length;
    for (let slot = 0; line.next < to; slot++, lines++) {
      line.read(text, line.next, this.#guess(slot));
      if (slot < MAX_GUESSES) this.#guesses[slot] = line.name;
      if (this.#apply(message, line.name, line.value)) shown++;
    }
    if (lines > this.#maxHeaders) {
      throw transportError(
        "RESOURCE_EXHAUSTED",
        `a message has ${lines} headers, more than transport.max_headers, ${this.#maxHeaders}`,
      );
    }
    if (message.header.size < shown) keepFirst(message.header, text.substring(from, to));
    if (message.chunked && (message.contentLength >= 0 || stable.old)) {
      throw violation("a message with Transfer-Encoding has a Content-Length or is HTTP/1.0");
    }
    return message;
  }

  /** The name that stood at the same place in the message before. */
  #guess(slot: number): Name | undefined {
    return slot < this.#guesses.length ? this.#guesses[slot] : undefined;
  }

  /** Takes one header over; false when it is the framing's own and nobody else sees it. */
  #apply(message: ReceivedMessage, name: Name, value: string): boolean {
    if (name.role !== Role.none && !applyRole(message, name.role, value)) {
      if (name.role !== Role.length || !this.#showLength) return false;
    }
    message.header.setLower(name.lower, value);
    return true;
  }

  #findStable(text: string): Stable {
    const mark = text.indexOf(SEPARATOR);
    if (mark < 0) return this.#parseStable(text);
    const part = text.substring(0, mark + 2);
    let stable = this.#stable.find((known) => known.text === part);
    if (stable === undefined) {
      stable = this.#parseStable(part);
      // What a peer sends decides this memory: a few short entries, the oldest replaced.
      if (part.length > 2048) return stable;
      this.#stable[this.#replaceAt] = stable;
      this.#replaceAt = (this.#replaceAt + 1) % MAX_STABLE;
    }
    this.#last = stable;
    return stable;
  }

  #parseStable(part: string): Stable {
    const text = copied(part);
    const lineEnd = text.indexOf("\r\n");
    const line = text.substring(0, lineEnd);
    let status = 0;
    let startLine = line;
    if (this.#kind === "response") {
      const parts = STATUS_LINE.exec(line);
      if (parts === null)
        throw violation(`a reply begins with ${quote(line)}, which is no HTTP/1.1 status line`);
      status = Number(parts[1]);
      startLine = `${parts[1]} ${parts[2] ?? ""}`.trimEnd();
    } else if (!REQUEST_LINE.test(line)) {
      throw violation(`a request begins with ${quote(line)}, which is no HTTP/1.1 request line`);
    }
    const message = new ReceivedMessage(status, startLine);
    const fields = fieldsOf(text, lineEnd + 2);
    let shown = 0;
    for (const { name, value } of fields) if (this.#apply(message, name, value)) shown++;
    const old = this.#kind === "response" ? line.startsWith(OLD) : line.endsWith(OLD);
    return { text, start: `${text}${SEPARATOR.slice(2)}`, message, old, lines: fields.length, shown };
  }
}

/** Takes over what a header says to the transport; true when it is shown to the application in any case. */
function applyRole(message: ReceivedMessage, role: Role, value: string): boolean {
  switch (role) {
    case Role.length: {
      const length = readLength(value);
      if (message.contentLength >= 0 && message.contentLength !== length) {
        throw violation("a message has two different Content-Length headers");
      }
      message.contentLength = length;
      return false;
    }
    case Role.encoding:
      if (message.chunked || value.toLowerCase() !== "chunked") {
        throw violation(`Transfer-Encoding ${quote(value)} is not 'chunked' once`);
      }
      message.chunked = true;
      return false;
    case Role.connection:
      message.close ||= /(?:^|[,\s])close(?:$|[,\s])/i.test(value);
      return true;
    case Role.id:
      message.id ??= value;
      return true;
    case Role.stream:
      message.stream ??= value;
      return true;
    case Role.mux:
      message.control ??= value;
      return false;
    case Role.host:
      return false;
    case Role.none:
      return true;
  }
}

function readLength(value: string): number {
  let length = value.length > 0 && value.length <= 15 ? 0 : Number.NaN;
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 48;
    length = digit >= 0 && digit <= 9 ? 10 * length + digit : Number.NaN;
  }
  if (Number.isNaN(length)) throw violation(`Content-Length ${quote(value)} is no number of bytes`);
  return length;
}

/** Of a header that comes twice, the first value counts (spec 1.1). Rare, so found out afterwards. */
function keepFirst(header: Metadata, text: string): void {
  const seen = new Set<string>();
  for (const { name, value } of fieldsOf(text, text.indexOf("\r\n") + 2)) {
    if (!seen.has(name.lower) && header.has(name.lower)) header.setLower(name.lower, value);
    seen.add(name.lower);
  }
}
