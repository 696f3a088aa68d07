import { canonicalKey, Metadata } from "@micro/core";
import type { BrokerMessage } from "./broker.ts";
import { brokerError } from "./broker-errors.ts";
import { checkHeaderCount, checkSize, tooLarge } from "./message-rules.ts";

/** What the JSON of a message may be longer than the message itself: base64 and escapes, and a little around it. */
const jsonLimit = (maxBytes: number): number => 2 * maxBytes + 64 * 1024;

/** Bound of a message in either form. */
export interface MessageLimit {
  /** Body and header in bytes, the option `max_message_size`. */
  readonly maxBytes: number;
}

/** Bytes of JSON that a reader has to accept, so that every message of `maxBytes` gets through. */
export function maxJsonBytes({ maxBytes }: MessageLimit): number {
  return jsonLimit(maxBytes);
}

/**
 * The JSON that Go's brokers put on the wire (spec 5.1): `{"Header":{…},"Body":"<base64>"}`, header keys as Go writes
 * them and sorted as Go sorts them. Throws `RESOURCE_EXHAUSTED` that names `max_message_size` or the number of headers.
 */
export function encodeMessage(message: BrokerMessage, limit: MessageLimit): Uint8Array {
  const { header, body } = message;
  checkHeaderCount(header.size);
  if (body.byteLength > limit.maxBytes) checkSize(message, limit.maxBytes);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const json = Buffer.from(`{"Header":{${headerText(header)}},"Body":"${bytes.toString("base64")}"}`);
  // The JSON of a message is larger than the message: mostly there is nothing to measure.
  if (json.byteLength <= limit.maxBytes) return json;
  checkSize(message, limit.maxBytes);
  if (json.byteLength > jsonLimit(limit.maxBytes)) {
    throw tooLarge(`the message with its header escaped has ${json.byteLength} bytes`, limit.maxBytes);
  }
  return json;
}

/** `"Content-Type":` by `content-type`. Keys come from applications and peers, so the memory of them is bounded. */
const keyTexts = new Map<string, string>();
const MAX_KEY_TEXTS = 1024;

function keyText(key: string): string {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(canonicalKey(key))}:`;
  if (keyTexts.size < MAX_KEY_TEXTS && key.length <= 64) keyTexts.set(key, text);
  return text;
}

/** Characters that JSON takes as they are. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
/** Longer values are left to JSON.stringify, which is the quicker then. */
const SHORT = 100;

function valueText(value: string): string {
  return value.length <= SHORT && PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

function headerText(header: Metadata): string {
  const { size } = header;
  let text = "";
  let last = "";
  for (let at = 0; at < size; at++) {
    const key = keyText(header.keyAt(at));
    // Nearly all headers are made in Go's order.
    if (key < last) return sortedHeaderText(header);
    last = key;
    const pair = key + valueText(header.valueAt(at));
    text = at === 0 ? pair : `${text},${pair}`;
  }
  return text;
}

function sortedHeaderText(header: Metadata): string {
  const pairs = Array.from(header, ([key, value]) => [keyText(key), JSON.stringify(value)] as const);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, value]) => key + value).join(",");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
/** Go reads base64 with line ends in it, and nothing else that is not of the alphabet. */
const LINE_ENDS = /[\r\n]/g;

/**
 * Reads the JSON of a message. Keys are found in any case and others ignored, null counts as empty (as Go reads it);
 * everything else must fit. Throws `BAD_REQUEST` that names what does not, and `RESOURCE_EXHAUSTED` beyond the limits.
 */
export function decodeMessage(json: Uint8Array, limit: MessageLimit): BrokerMessage {
  if (json.byteLength > jsonLimit(limit.maxBytes)) {
    throw tooLarge(`the JSON of the message has ${json.byteLength} bytes`, limit.maxBytes);
  }
  const parsed = parse(json);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw malformed("it is no object");
  }
  let header = new Metadata();
  let body: Uint8Array = new Uint8Array(0);
  for (const [key, value] of Object.entries(parsed)) {
    const name = key.toLowerCase();
    if (name === "header") header = readHeader(value);
    else if (name === "body") body = readBody(value);
  }
  const message = { header, body };
  checkSize(message, limit.maxBytes);
  return message;
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(json)) as unknown;
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function readHeader(value: unknown): Metadata {
  const header = new Metadata();
  if (value === null) return header;
  if (typeof value !== "object" || Array.isArray(value)) throw malformed("'Header' is no object");
  const pairs = Object.entries(value);
  checkHeaderCount(pairs.length);
  for (const [key, text] of pairs) {
    if (typeof text === "string") header.set(key, text);
    else if (text === null) header.set(key, "");
    else throw malformed(`header ${JSON.stringify(key.slice(0, 40))} is no text`);
  }
  return header;
}

function readBody(value: unknown): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (typeof value !== "string") throw malformed("'Body' is no text");
  const base64 = value.replace(LINE_ENDS, "");
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(base64, "base64");
  // Node skips what it does not know: then the length tells, or a letter of the other alphabet does.
  const whole = base64.length % 4 === 0 && bytes.length === (base64.length / 4) * 3 - padding;
  if (!whole || /[-_]/.test(base64)) throw malformed("'Body' is no base64");
  // Small ones are views of a buffer that others use too: nobody outside may see that.
  if (bytes.byteLength !== bytes.buffer.byteLength) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer);
}

function malformed(why: string, cause?: unknown): Error {
  return brokerError("BAD_REQUEST", `the message is not the JSON of spec 5.1: ${why}`, { cause });
}
