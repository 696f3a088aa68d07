/**
 * What two of our own peers say to each other over NATS. A server says in its node metadata that it understands this:
 * {@link MUX_METADATA}. Others, and clients of Go, are spoken to in Go's JSON (spec 2.4), which begins with `{`; a
 * message of frames begins with {@link MAGIC}.
 *
 * A message of NATS holds one or more frames. Numbers are big endian:
 *
 * | bytes | |
 * |---|---|
 * | 1 | kind |
 * | 4 | number of the exchange, which the caller counts up from 1; 0 for the session itself |
 * | 4 + 4 | lengths of head and body |
 * | … | head: UTF-8, of a message its header as `key NUL value NUL …` with keys in lower case |
 * | … | body |
 *
 * The caller publishes to the address of the server, with `<session>.<count>` as reply subject: the session is a
 * subject of its own inbox, and the count tells which message had no receiver, when NATS says so. The server publishes
 * to the session.
 *
 * | kind | by | head | meaning |
 * |---|---|---|---|
 * | `hello` | client | window | begins the session: the bytes of a stream that the client takes |
 * | `ready` | server | window, concurrency | the same of the server; exchanges that may run at once |
 * | `call` | client | header | a request |
 * | `reply` | server | header | its reply |
 * | `message` | both | header | a message of a stream; the first begins it |
 * | `part` | both | | a piece of the body of the next `call`, `reply` or `message` of this number |
 * | `credit` | both | bytes | that many more bytes of this stream are welcome (see `CreditStream`) |
 * | `end` | both | | no more messages of this stream in this direction |
 * | `stop` | server | | the server is done with this stream and reads no more of it |
 * | `cancel` | both | | this call or stream is given up, in both directions |
 * | `refuse` | server | error | it was not begun; with number 0, the session was not |
 * | `fail` | server | error | it was begun, but its reply or a message of it cannot be carried |
 * | `drain` | server | | take your new exchanges elsewhere; those that run go on |
 * | `ping` | both | | asks for `pong` |
 * | `pong` | both | | |
 * | `bye` | both | | the session is over |
 * | `unknown` | server | count | there is no such session (any more): nothing of that message was done |
 */
import { Metadata } from "@micro/core";
import { transportError } from "@micro/transport";
import type { NatsSettings } from "./settings.ts";

/** First byte of a message of frames. */
export const MAGIC = 1;
/** What a server adds to its node metadata. */
export const MUX_METADATA = { "micro-nats": "1" } as const;
/** Bytes of a frame before its head. */
export const FRAME_BYTES = 13;

/** Kinds of frames, by name. */
export const Kind = {
  hello: 1,
  ready: 2,
  call: 3,
  reply: 4,
  message: 5,
  part: 6,
  credit: 7,
  end: 8,
  stop: 9,
  cancel: 10,
  refuse: 11,
  fail: 12,
  drain: 13,
  ping: 14,
  pong: 15,
  bye: 16,
  unknown: 17,
} as const;

/** Bounds of a header. */
export type HeaderLimits = Pick<NatsSettings, "maxHeaderSize" | "maxHeaders">;

/** No body. */
export const EMPTY = new Uint8Array(0);

/** One frame as it came. */
export interface Frame {
  readonly kind: number;
  /** Number of its exchange. */
  readonly id: number;
  readonly head: string;
  readonly body: Uint8Array;
}

/** Hands the frames of a message to `take`, in order. Throws `BAD_REQUEST` for what is none. */
export function readFrames(data: Uint8Array, take: (frame: Frame) => void): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let at = 1;
  while (at < bytes.length) {
    const headAt = at + FRAME_BYTES;
    if (headAt > bytes.length) throw malformed();
    const bodyAt = headAt + bytes.readUInt32BE(at + 5);
    const end = bodyAt + bytes.readUInt32BE(at + 9);
    if (end > bytes.length) throw malformed();
    const body =
      end === bodyAt ? EMPTY : new Uint8Array(bytes.buffer, bytes.byteOffset + bodyAt, end - bodyAt);
    const head = bodyAt === headAt ? "" : bytes.toString("utf8", headAt, bodyAt);
    take({ kind: bytes[at] as number, id: bytes.readUInt32BE(at + 1), head, body });
    at = end;
  }
}

function malformed(): Error {
  return transportError("BAD_REQUEST", "a message is no frames of this transport: it ends in one");
}

/** A header as the head of a frame. Throws `RESOURCE_EXHAUSTED` and `BAD_REQUEST` for one that cannot be sent. */
export function writeHeader(header: Metadata, limits: HeaderLimits): string {
  const { size } = header;
  let head = "";
  for (let at = 0; at < size; at++) {
    const key = header.keyAt(at);
    const value = header.valueAt(at);
    if (key.includes("\0") || value.includes("\0")) {
      throw transportError("BAD_REQUEST", `header ${JSON.stringify(key)} has a NUL`, { notSent: true });
    }
    head += `${key}\0${value}\0`;
  }
  checkHeader(head.length, size, limits);
  return head;
}

/** The header in the head of a frame. Throws `RESOURCE_EXHAUSTED` beyond the limits. */
export function readHeader(head: string, limits: HeaderLimits): Metadata {
  const header = new Metadata();
  if (head === "") return header;
  const parts = head.split("\0");
  checkHeader(head.length, parts.length >> 1, limits);
  for (let at = 0; at + 1 < parts.length; at += 2) {
    header.setLower(parts[at] as string, parts[at + 1] as string);
  }
  return header;
}

/** Throws `RESOURCE_EXHAUSTED` for a header beyond the limits. */
export function checkHeader(
  length: number,
  pairs: number,
  { maxHeaderSize, maxHeaders }: HeaderLimits,
): void {
  if (length <= maxHeaderSize && pairs <= maxHeaders) return;
  const detail = `a header of ${pairs} pairs and ${length} characters is over transport.max_headers, ${maxHeaders}, or transport.max_header_size, ${maxHeaderSize}`;
  throw transportError("RESOURCE_EXHAUSTED", detail, { notSent: true });
}

/** Positive numbers in the head of a control frame; undefined when there are not `count` of them. */
export function readNumbers(head: string, count: number): readonly number[] | undefined {
  const words = head.split(" ");
  if (words.length < count || !words.every((word) => /^[1-9][0-9]{0,14}$/.test(word))) return undefined;
  return words.map(Number);
}
