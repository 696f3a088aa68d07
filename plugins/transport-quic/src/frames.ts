/**
 * The wire between two of our own peers. Each call and each stream is one bidirectional QUIC stream that the client
 * opens; on it, frames follow each other in both directions:
 *
 * | bytes | |
 * |---|---|
 * | 1 | kind, see {@link FrameKind} |
 * | 3 | length of the header block |
 * | 4 | length of the body |
 * | … | header block: per pair 1 byte length of the key, 3 bytes length of the value, key (lower case), value (UTF-8) |
 * | … | body |
 *
 * Numbers are big endian. The end of a direction is the end of the QUIC stream's; RESET_STREAM and STOP_SENDING with the
 * codes of {@link StreamCode} give a call or a stream up. A call ends its direction when the reply is there. A server that
 * drains opens one stream itself and sends `drain` on it.
 */

import { Metadata } from "@micro/core";
import { type TransportMessage, transportError } from "@micro/transport";
import type { TransportSettings } from "./settings.ts";

/** The protocol's name in ALPN. A change that older peers cannot read gets another number. */
export const ALPN = "micro/1";

/** Kinds of frames. */
export const FrameKind = {
  /** The one request of a call. */
  call: 1,
  /** A message of a stream, or the reply of a call. */
  message: 2,
  /** Of a server: the exchange was not begun, for a reason of the transport in `micro-error`. */
  refuse: 3,
  /** Of a server: it was begun, but its reply or a message of it cannot be carried; `micro-error` says why. */
  fail: 4,
  /** Of a server, on a stream of its own: take new exchanges elsewhere. */
  drain: 5,
} as const;
/** One of {@link FrameKind}. */
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Codes of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE. */
export const StreamCode = {
  /** All is well: the rest is of no interest. */
  done: 0,
  /** Given up by the application. */
  cancelled: 1,
  /** The peer broke the framing. */
  protocol: 2,
  /** A message did not come to its end in time. */
  timeout: 3,
  /** Over a limit. */
  limit: 4,
} as const;

/** A frame as it came. */
export interface Frame extends TransportMessage {
  readonly kind: FrameKind;
}

const PREFIX = 8;
const PAIR = 4;
const MAX_KEY = 255;
const MAX_U24 = 0xffffff;
/** Bodies up to this size are copied behind their header: one write instead of two. */
const COPIED_BODY = 16 * 1024;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const MAX_NAMES = 1024;
const EMPTY = new Uint8Array(0);

/** Header names seen before: bounded, as peers choose them. */
class Names {
  readonly #known = new Set<string>();

  check(name: string): boolean {
    if (this.#known.has(name)) return true;
    if (name.length > MAX_KEY || !NAME.test(name)) return false;
    if (this.#known.size < MAX_NAMES && name.length <= 64) this.#known.add(name);
    return true;
  }
}

/** Limits of both directions. */
export type FrameLimits = Pick<TransportSettings, "maxHeaderSize" | "maxHeaders" | "maxMessageSize">;

/** Writes frames, of one side of one connection. */
export class FrameWriter {
  readonly #limits: FrameLimits;
  readonly #names = new Names();

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /**
   * The pieces of a frame; a large body is one of them as it is. Throws `BAD_REQUEST` for a key that is no header name
   * and `RESOURCE_EXHAUSTED` for too large a header, both before anything is sent.
   */
  write(kind: FrameKind, { header, body }: TransportMessage): Uint8Array[] {
    const { size } = header;
    let block = 0;
    for (let at = 0; at < size; at++) {
      const key = header.keyAt(at);
      if (!this.#names.check(key)) {
        throw transportError("BAD_REQUEST", `${JSON.stringify(key)} is no header name`, { notSent: true });
      }
      block += PAIR + key.length + Buffer.byteLength(header.valueAt(at));
    }
    checkHeader(size, block, this.#limits);
    const copied = body.length <= COPIED_BODY ? body.length : 0;
    const bytes = Buffer.allocUnsafe(PREFIX + block + copied);
    bytes.writeUInt32BE(kind * 2 ** 24 + block, 0);
    bytes.writeUInt32BE(body.length, 4);
    let to = PREFIX;
    for (let at = 0; at < size; at++) {
      const key = header.keyAt(at);
      const begin = to + PAIR + key.length;
      bytes.write(key, to + PAIR, "latin1");
      const length = bytes.write(header.valueAt(at), begin);
      bytes.writeUInt32BE(key.length * 2 ** 24 + length, to);
      to = begin + length;
    }
    if (copied > 0) bytes.set(body, to);
    return body.length > copied ? [bytes, body] : [bytes];
  }
}

function checkHeader(count: number, bytes: number, { maxHeaders, maxHeaderSize }: FrameLimits): void {
  if (count <= maxHeaders && bytes <= maxHeaderSize && bytes <= MAX_U24) return;
  throw transportError(
    "RESOURCE_EXHAUSTED",
    count > maxHeaders
      ? `a message has ${count} headers, more than transport.max_headers, ${maxHeaders}`
      : `a header block of ${bytes} bytes is larger than transport.max_header_size, ${maxHeaderSize} bytes`,
    { notSent: true },
  );
}

/** What stands before a frame's content. */
export interface FrameStart {
  readonly kind: FrameKind;
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

/** Takes the frames of one direction of one stream apart, as its bytes come. */
export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #onFrame: (frame: Frame) => void;
  readonly #names = new Names();
  /** What was read of a prefix or a header block that came in pieces. */
  #held: Buffer | undefined;
  #start: FrameStart | undefined;
  #header: Metadata | undefined;
  #body: Uint8Array = EMPTY;
  #filled = 0;

  /** `onFrame` is called inside {@link read}. */
  constructor(limits: FrameLimits, onFrame: (frame: Frame) => void) {
    this.#limits = limits;
    this.#onFrame = onFrame;
  }

  /** True in the middle of a frame. */
  get partial(): boolean {
    return this.#held !== undefined || this.#start !== undefined;
  }

  /** Size of the body that is coming, 0 when none is: what the memory for it costs. */
  get bodyBytes(): number {
    return this.#body.length;
  }

  /** Where the bytes that come next can be read to at once: the rest of a large body. */
  get target(): Uint8Array | undefined {
    return this.#header === undefined ? undefined : this.#body.subarray(this.#filled);
  }

  /** `length` bytes were read to {@link target}. */
  filled(length: number): void {
    this.#filled += length;
    this.#complete();
  }

  /**
   * Reads a piece; nothing of it is kept. Throws `BAD_REQUEST` for what is no frame, and `RESOURCE_EXHAUSTED` for one over
   * a limit, then whatever is left is of no use.
   */
  read(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#header !== undefined) bytes = this.#fill(bytes);
    if (this.#held !== undefined) {
      bytes = Buffer.concat([this.#held, bytes]);
      this.#held = undefined;
    }
    while (bytes.length > 0) {
      if (this.#start === undefined && bytes.length >= PREFIX) {
        this.#start = readStart(bytes, this.#limits);
        bytes = bytes.subarray(PREFIX);
      }
      const start = this.#start;
      if (start === undefined || bytes.length < start.headerBytes) {
        // At most a prefix or a header block, both small.
        this.#held = Buffer.from(bytes);
        return;
      }
      this.#header = this.#readHeader(bytes.subarray(0, start.headerBytes));
      this.#body = start.bodyBytes === 0 ? EMPTY : new Uint8Array(start.bodyBytes);
      this.#filled = 0;
      bytes = this.#fill(bytes.subarray(start.headerBytes));
    }
  }

  /** Takes what belongs to the body; the rest. */
  #fill(bytes: Buffer): Buffer {
    const length = Math.min(bytes.length, this.#body.length - this.#filled);
    this.#body.set(bytes.subarray(0, length), this.#filled);
    this.#filled += length;
    this.#complete();
    return bytes.subarray(length);
  }

  #complete(): void {
    const start = this.#start;
    const header = this.#header;
    if (start === undefined || header === undefined || this.#filled < this.#body.length) return;
    const frame = { kind: start.kind, header, body: this.#body };
    this.#start = undefined;
    this.#header = undefined;
    this.#body = EMPTY;
    this.#onFrame(frame);
  }

  #readHeader(block: Buffer): Metadata {
    const header = new Metadata();
    let count = 0;
    for (let at = 0; at < block.length; count++) {
      if (at + PAIR > block.length) throw malformed("a header block ends in the middle of a pair");
      const lengths = block.readUInt32BE(at);
      const keyEnd = at + PAIR + (lengths >>> 24);
      const valueEnd = keyEnd + (lengths & MAX_U24);
      if (valueEnd > block.length) throw malformed("a header is longer than its block");
      const key = block.toString("latin1", at + PAIR, keyEnd);
      if (!this.#names.check(key)) throw malformed(`${JSON.stringify(key.slice(0, 64))} is no header name`);
      header.setLower(key, block.toString("utf8", keyEnd, valueEnd));
      at = valueEnd;
    }
    if (header.size < count) throw malformed("a header comes twice");
    checkHeader(count, block.length, this.#limits);
    return header;
  }
}

function readStart(bytes: Buffer, limits: FrameLimits): FrameStart {
  const first = bytes.readUInt32BE(0);
  const kind = first >>> 24;
  const headerBytes = first & MAX_U24;
  const bodyBytes = bytes.readUInt32BE(4);
  if (!isKind(kind)) throw malformed(`${kind} is no kind of frame`);
  checkHeader(0, headerBytes, limits);
  if (bodyBytes > limits.maxMessageSize) {
    throw transportError(
      "RESOURCE_EXHAUSTED",
      `a message of ${bodyBytes} bytes is larger than transport.max_message_size, ${limits.maxMessageSize} bytes`,
    );
  }
  return { kind, headerBytes, bodyBytes };
}

function isKind(kind: number): kind is FrameKind {
  return kind >= FrameKind.call && kind <= FrameKind.drain;
}

function malformed(detail: string): Error {
  return transportError("BAD_REQUEST", `the peer broke the framing: ${detail}`);
}
