import { transportError } from "@micro/transport";
import { violation } from "./errors.ts";
import { refuseForeign } from "./foreign-peer.ts";
import { EMPTY, HeaderParser, type MessageKind, type ReceivedMessage } from "./header-block.ts";
import type { HttpSettings } from "./settings.ts";

/** Limits of a {@link MessageReader}. */
export type ReaderLimits = Pick<HttpSettings, "maxMessageSize" | "maxHeaderSize" | "maxHeaders">;

const State = {
  head: 0,
  body: 1,
  chunkSize: 2,
  chunkData: 3,
  chunkEnd: 4,
  trailer: 5,
  untilClose: 6,
  closed: 7,
} as const;
type State = (typeof State)[keyof typeof State];

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,8}$/;
const LONGEST_CHUNK_LINE = 10;
const FIRST_BODY_BYTES = 64 * 1024;
/** Of what came, so much is made a text at once: a call into the engine costs as much as 2 kB of it. */
const TEXT_BYTES = 4 * 1024;
/** A block that begins as the last one did ends within so many bytes behind that, most of the time. */
const USUAL_REST = 256;

/**
 * Reads messages of one direction of a connection, however the bytes are cut. Strict: a shape that another parser
 * could read differently is an error, after which nothing of the connection can be trusted.
 *
 * A body that came in one piece is a view of the chunk it came in; who keeps it for long copies it.
 */
export class MessageReader {
  readonly #kind: MessageKind;
  readonly #limits: ReaderLimits;
  readonly #parser: HeaderParser;
  readonly #onMessage: (message: ReceivedMessage) => void;
  #state: State = State.head;
  /** Bytes of a header block or chunk line that is not complete. */
  #held: Buffer | undefined;
  #message: ReceivedMessage | undefined;
  /** Bytes that the body, or the chunk, still lacks. */
  #missing = 0;
  #body: Buffer | undefined;
  #bodyLength = 0;
  /** Some of the chunk at hand from `#textAt` on, as latin1. */
  #text = "";
  #textAt = 0;
  /** Messages, and header blocks, read so far. */
  count = 0;
  headers = 0;

  constructor(kind: MessageKind, limits: ReaderLimits, onMessage: (message: ReceivedMessage) => void) {
    this.#kind = kind;
    this.#limits = limits;
    this.#parser = new HeaderParser(kind, limits);
    this.#onMessage = onMessage;
  }

  /** Between our own peers `Content-Length` is the framing's alone: the smaller header is the faster one. */
  hideLength(): void {
    this.#parser.hideLength();
  }

  /** True between the first and the last byte of a message. */
  get partial(): boolean {
    return this.#held !== undefined || (this.#state !== State.head && this.#state !== State.closed);
  }

  /** Reads what came. Throws `BAD_REQUEST` or, for too large a header block, `RESOURCE_EXHAUSTED`; it is of no use then. */
  feed(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#held !== undefined) {
      bytes = Buffer.concat([this.#held, chunk]);
      this.#held = undefined;
    }
    try {
      let at = 0;
      // A zero-length body ends without further bytes, so the state decides too.
      while (at < bytes.length) {
        const next = this.#step(bytes, at);
        if (next < 0) {
          if (this.#state !== State.closed) this.#held = at === 0 ? bytes : bytes.subarray(at);
          return;
        }
        at = next;
      }
    } finally {
      this.#text = "";
      this.#textAt = 0;
    }
  }

  /** The peer sends no more. True when that ends a message or falls between two; false in the middle of one. */
  end(): boolean {
    if (this.#state === State.untilClose) {
      this.#complete();
      return true;
    }
    return !this.partial;
  }

  /** Reads nothing more of what comes, nor of the chunk at hand. */
  close(): void {
    this.#state = State.closed;
    this.#held = undefined;
    this.#body = undefined;
    this.#message = undefined;
  }

  /** Reads one piece from `at`; where it ends, or -1 when more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case State.head:
        return this.#readHead(bytes, at);
      case State.body:
      case State.chunkData:
        return this.#readBody(bytes, at);
      case State.chunkSize:
        return this.#readChunkSize(bytes, at);
      case State.chunkEnd:
      case State.trailer:
        return this.#readLineEnd(bytes, at);
      case State.untilClose:
        this.#keep(bytes, at, bytes.length);
        return bytes.length;
      case State.closed:
        return -1;
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    if (this.headers === 0 && this.#kind === "response") refuseForeign(bytes, at);
    const { usual } = this.#parser;
    let known = 0;
    if (usual > 0 && at + usual <= bytes.length) {
      this.#cover(bytes, at, at + usual);
      known = this.#parser.known(this.#text, at - this.#textAt);
    }
    const end = known > 0 ? headEnd(bytes, at + known - 2) : bytes.indexOf(HEAD_END, at);
    if (end < 0 ? bytes.length - at > this.#limits.maxHeaderSize : end - at > this.#limits.maxHeaderSize) {
      throw transportError(
        "RESOURCE_EXHAUSTED",
        `a header block is larger than transport.max_header_size, ${this.#limits.maxHeaderSize} bytes`,
      );
    }
    if (end < 0) {
      refuseBareLineEnd(bytes, at);
      return -1;
    }
    this.#cover(bytes, at, end + 2);
    const from = at - this.#textAt;
    const message = this.#parser.parse(this.#text, { from, to: from + end + 2 - at, known });
    this.headers++;
    const bodyAt = end + 4;
    const length = message.contentLength;
    if (length > 0 && length <= this.#limits.maxMessageSize && bodyAt + length <= bytes.length) {
      // The whole message is here: the path of nearly every call.
      if (message.status === 0 || message.status >= 200) {
        message.body = bytes.subarray(bodyAt, bodyAt + length);
        this.count++;
        this.#onMessage(message);
        return bodyAt + length;
      }
    }
    this.#begin(message);
    return bodyAt;
  }

  /** Makes `#text` hold the bytes from `at` to `end`. */
  #cover(bytes: Buffer, at: number, end: number): void {
    if (at >= this.#textAt && end <= this.#textAt + this.#text.length) return;
    this.#text = bytes.toString("latin1", at, Math.max(end, Math.min(bytes.length, at + TEXT_BYTES)));
    this.#textAt = at;
  }

  #begin(message: ReceivedMessage): void {
    this.#message = message;
    this.#bodyLength = 0;
    const { status } = message;
    if (status === 101) throw violation("a reply switches protocols (101), which nobody asked for");
    if (status !== 0 && (status < 200 || status === 204 || status === 304)) {
      if (message.chunked || message.contentLength > 0) throw violation(`a reply ${status} has a body`);
      this.#complete();
    } else if (message.chunked) {
      this.#state = State.chunkSize;
    } else if (message.contentLength > 0) {
      this.#missing = message.contentLength;
      this.#checkSize(message.contentLength);
      this.#state = State.body;
    } else if (message.contentLength === 0 || this.#kind === "request") {
      this.#complete();
    } else {
      this.#state = State.untilClose;
    }
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    this.#keep(bytes, at, end);
    if (this.#missing === 0) {
      if (this.#state === State.body) this.#complete();
      else this.#state = State.chunkEnd;
    }
    return end;
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_END, at);
    const line = bytes.toString(
      "latin1",
      at,
      end < 0 ? Math.min(bytes.length, at + LONGEST_CHUNK_LINE + 1) : end,
    );
    if (end < 0) {
      const begun = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (begun !== "" && !CHUNK_SIZE.test(begun)) throw violation("a chunk begins with no hexadecimal size");
      return -1;
    }
    // No extensions: Go sends none, and parsers do not agree on them.
    if (!CHUNK_SIZE.test(line)) throw violation("a chunk begins with no hexadecimal size");
    this.#missing = Number.parseInt(line, 16);
    this.#checkSize(this.#bodyLength + this.#missing);
    this.#state = this.#missing === 0 ? State.trailer : State.chunkData;
    return end + 2;
  }

  /** The line end after a chunk, or the empty line after the last one: Go sends no trailers (spec 1.1). */
  #readLineEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== 13 || (at + 1 < bytes.length && bytes[at + 1] !== 10)) {
      throw violation("a chunk is followed by something else than a line end");
    }
    if (at + 1 === bytes.length) return -1;
    if (this.#state === State.trailer) this.#complete();
    else this.#state = State.chunkSize;
    return at + 2;
  }

  /** A body beyond the limit is read and dropped, so that the connection and its other calls survive it. */
  #checkSize(size: number): void {
    const message = this.#message as ReceivedMessage;
    if (size <= this.#limits.maxMessageSize) return;
    if (message.tooLarge === 0) this.#body = undefined;
    message.tooLarge = size;
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const length = this.#bodyLength + (to - from);
    if (this.#state === State.untilClose) this.#checkSize(length);
    const message = this.#message as ReceivedMessage;
    if (message.tooLarge === 0) {
      if (this.#body === undefined || this.#body.length < length) {
        // Grows with what came, not with what was announced: an announcement costs a peer nothing.
        const known = message.contentLength;
        const size = known < 0 ? 2 * length : Math.min(known, Math.max(FIRST_BODY_BYTES, 2 * length));
        const grown = Buffer.allocUnsafeSlow(size);
        this.#body?.copy(grown, 0, 0, this.#bodyLength);
        this.#body = grown;
      }
      bytes.copy(this.#body, this.#bodyLength, from, to);
    }
    this.#bodyLength = length;
  }

  #complete(): void {
    const message = this.#message as ReceivedMessage;
    const body = this.#body;
    this.#state = State.head;
    this.#message = undefined;
    this.#body = undefined;
    this.count++;
    if (message.status !== 0 && message.status < 200) return;
    if (message.tooLarge === 0 && body !== undefined) message.body = body.subarray(0, this.#bodyLength);
    else message.body = EMPTY;
    this.#onMessage(message);
  }
}

/** Where the empty line begins that ends a header block; -1 when it has not come yet. */
function headEnd(bytes: Buffer, from: number): number {
  // Looking by hand is cheaper than a call into the engine, when it is not far.
  const last = Math.min(bytes.length - 3, from + USUAL_REST);
  for (let at = from; at < last; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return bytes.indexOf(HEAD_END, from);
}

/** A header block that uses bare line feeds never ends for us: say so now, not at the deadline. */
function refuseBareLineEnd(bytes: Buffer, from: number): void {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (at === from || bytes[at - 1] !== 13) throw violation("a header line ends with a bare line feed");
  }
}
