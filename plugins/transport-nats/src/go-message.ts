import { canonicalKey, Metadata } from "@micro/core";
import { type TransportMessage, tooLarge, transportError } from "@micro/transport";
import { checkHeader } from "./frames.ts";
import type { NatsSettings } from "./settings.ts";

/** What a message is held against. */
export type MessageLimits = Pick<NatsSettings, "maxMessageSize" | "maxHeaderSize" | "maxHeaders">;

/** Keys that Go's newer generation spells otherwise: maps are case-sensitive there, so both are written (spec 2.4). */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["micro-id", "Micro-ID"],
  ["x-micro-id", "X-Micro-ID"],
]);

/**
 * A message as Go's nats transport writes it: `{"Header":{…},"Body":"<base64>"}` (spec 2.4). Throws
 * `RESOURCE_EXHAUSTED` that names the limit.
 */
export function encodeGoMessage({ header, body }: TransportMessage, limits: MessageLimits): Uint8Array {
  const { maxMessageSize } = limits;
  if (body.length > maxMessageSize) throw tooLarge(body.length, maxMessageSize, { notSent: true });
  const pairs: Record<string, string> = {};
  let length = 0;
  for (let at = 0; at < header.size; at++) {
    const key = header.keyAt(at);
    const value = header.valueAt(at);
    const spelling = SPELLINGS.get(key);
    pairs[canonicalKey(key)] = value;
    if (spelling !== undefined) pairs[spelling] = value;
    length += key.length + value.length;
  }
  checkHeader(length, header.size, limits);
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  return Buffer.from(`{"Header":${JSON.stringify(pairs)},"Body":"${base64}"}`);
}

/**
 * The end of a stream that was never begun: what Go's server takes without a word. The newer generation forgets the
 * caller then (spec 1.12), and where nobody listens NATS says so.
 */
export const GO_GOODBYE: Uint8Array = Buffer.from(
  '{"Header":{"Content-Type":"application/json","Micro-Error":"EOS","Micro-Stream":"bye"},"Body":""}',
);

/** Whether a message is the end of a stream. */
export function endsStream({ header }: TransportMessage): boolean {
  return Boolean(header.get("micro-stream")) && header.has("micro-error");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads what Go wrote. Keys are found in any case and null counts as empty, as Go reads it. Throws `BAD_REQUEST` for what
 * is no message, `RESOURCE_EXHAUSTED` for one over the limits.
 */
export function decodeGoMessage(json: Uint8Array, limits: MessageLimits): TransportMessage {
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(json));
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw malformed("it is no object");
  let header: Metadata | undefined;
  let body: Uint8Array = new Uint8Array(0);
  for (const [key, value] of Object.entries(parsed)) {
    const name = key.toLowerCase();
    if (name === "header") header = readPairs(value, limits);
    else if (name === "body") body = readBody(value, limits);
  }
  return { header: header ?? new Metadata(), body };
}

function readPairs(value: unknown, limits: MessageLimits): Metadata {
  const header = new Metadata();
  if (value === null) return header;
  if (typeof value !== "object" || Array.isArray(value)) throw malformed("'Header' is no object");
  const pairs = Object.entries(value);
  let length = 0;
  for (const [key, text] of pairs) {
    if (typeof text !== "string") throw malformed(`header ${JSON.stringify(key.slice(0, 40))} is no text`);
    length += key.length + text.length;
  }
  checkHeader(length, pairs.length, limits);
  for (const [key, text] of pairs) header.set(key, text as string);
  return header;
}

function readBody(value: unknown, { maxMessageSize }: MessageLimits): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0) {
    throw malformed("'Body' is no base64");
  }
  const bytes = Buffer.from(value, "base64");
  if (bytes.length > maxMessageSize) throw tooLarge(bytes.length, maxMessageSize);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(why: string, cause?: unknown): Error {
  return transportError("BAD_REQUEST", `a message is not the JSON of Go's nats transport: ${why}`, { cause });
}
