import { isUtf8 } from "node:buffer";
import { asBuffer, type EnvelopeFormat, unencodable, type Wrapped } from "@micro/codec";
import { MicroError } from "@micro/core";
import { JsonProblem, requireEnd, skipSpace, skipValue, visitList, visitMembers } from "./json-scan.ts";

const CONTENT_TYPE = "application/json-rpc";
const NOTHING = new Uint8Array(0);
const NULL = Buffer.from("null");

/** Go Micro's JSON-RPC envelope (spec 1.6). */
export const jsonrpcEnvelope: EnvelopeFormat = {
  name: "jsonrpc",
  payloads: { [CONTENT_TYPE]: "application/json" },
  structJson: [CONTENT_TYPE],
  wrap(envelope, payload) {
    const id = envelope.rawId ?? JSON.stringify(envelope.id);
    if (envelope.kind === "request") {
      const method = JSON.stringify(envelope.method);
      return joined(`{"method":${method},"params":[`, jsonOf(payload), `],"id":${id}}\n`);
    }
    const error = envelope.error === "" ? "null" : JSON.stringify(envelope.error);
    const result = envelope.error === "" ? jsonOf(payload) : NULL;
    return joined(`{"id":${id},"result":`, result, `,"error":${error}}\n`);
  },
  unwrap(bytes, kind) {
    if (!isUtf8(bytes)) throw refused("it is not UTF-8");
    try {
      return kind === "request" ? request(bytes) : reply(bytes);
    } catch (cause) {
      if (cause instanceof JsonProblem) throw refused(cause.message, cause);
      throw cause;
    }
  },
};

function request(bytes: Uint8Array): Wrapped {
  let method = "";
  let id: string | undefined;
  let payload: Uint8Array = NOTHING;
  let known = false;
  visitMembers(bytes, (key, at) => {
    if (key === "params") {
      known = true;
      payload = NOTHING;
      if (sourceOf(bytes.subarray(at, at + 4)) === "null") return at + 4;
      return visitParams(bytes, at, (first) => {
        payload = first;
      });
    }
    const end = skipValue(bytes, at);
    if (key === "method") {
      known = true;
      method = textOf(bytes.subarray(at, end), "method");
    } else if (key === "id") id = sourceOf(bytes.subarray(at, end));
    return end;
  });
  if (!known) throw new JsonProblem("it has neither a method nor params");
  return { kind: "request", method, id: shownId(id), rawId: id, error: "", payload };
}

/** Go calls with one parameter and reads no other. */
function visitParams(bytes: Uint8Array, at: number, first: (payload: Uint8Array) => void): number {
  let index = 0;
  return visitList(bytes, at, (start) => {
    const end = skipValue(bytes, start);
    if (index++ === 0) first(messageOf(bytes.subarray(start, end)));
    return end;
  });
}

function reply(bytes: Uint8Array): Wrapped {
  let id: string | undefined;
  let error = "";
  let payload: Uint8Array = NOTHING;
  let known = false;
  visitMembers(bytes, (key, at) => {
    const end = skipValue(bytes, at);
    const value = bytes.subarray(at, end);
    known ||= key === "result" || key === "error";
    if (key === "id") id = sourceOf(value);
    else if (key === "result") payload = messageOf(value);
    else if (key === "error") error = errorOf(sourceOf(value));
    return end;
  });
  if (!known) throw new JsonProblem("it has neither a result nor an error");
  return { kind: "reply", method: "", id: shownId(id), rawId: id, error, payload };
}

function sourceOf(value: Uint8Array): string {
  return asBuffer(value).toString("utf8");
}

/** Go reads null as a zero value, so it is no message. */
function messageOf(value: Uint8Array): Uint8Array {
  return value.length === 4 && sourceOf(value) === "null" ? NOTHING : value;
}

/** A text, or empty for null. */
function textOf(value: Uint8Array, member: string): string {
  const source = sourceOf(value);
  if (source.startsWith('"')) return JSON.parse(source) as string;
  if (source === "null") return "";
  throw new JsonProblem(`its ${member} must be a text`);
}

/** Go writes errors as texts (spec 1.11); of other peers the JSON says more than nothing. */
function errorOf(source: string): string {
  if (source === "null") return "";
  return (source.startsWith('"') ? (JSON.parse(source) as string) : source) || "unspecified error";
}

/** The id as Go's headers have it: a text without its quotes. */
function shownId(source: string | undefined): string {
  if (source === undefined || source === "null") return "";
  return source.startsWith('"') ? (JSON.parse(source) as string) : source;
}

/** The one JSON value that a payload is, without the newline that codecs write behind it. */
function jsonOf(payload: Uint8Array): Uint8Array {
  const start = skipSpace(payload, 0);
  if (start === payload.length) return NULL;
  try {
    const end = skipValue(payload, start);
    requireEnd(payload, end);
    if (isUtf8(payload)) return payload.subarray(start, end);
  } catch (cause) {
    if (!(cause instanceof JsonProblem)) throw cause;
  }
  throw unencodable(CONTENT_TYPE, payload, { carries: "one JSON value", hint: "give a frame of JSON" });
}

function joined(before: string, value: Uint8Array, after: string): Uint8Array {
  return Buffer.concat([Buffer.from(before), value, Buffer.from(after)]);
}

function refused(what: string, cause?: unknown): MicroError {
  const detail = `${CONTENT_TYPE} body: ${what}`;
  return new MicroError({ code: "BAD_REQUEST", detail, ...(cause === undefined ? {} : { cause }) });
}
