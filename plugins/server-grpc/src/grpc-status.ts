import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { status } from "@grpc/grpc-js";
import type { PartialStatusObject } from "@grpc/grpc-js/build/src/call-interface.js";
import { CODES, type Metadata, MicroError } from "@micro/core";
import { MICRO_ERROR_URL } from "@micro/grpc/internal";
import type { Refusal } from "@micro/server";
import { ReadyHeaders } from "./http2-headers.ts";
import { outgoingFields } from "./outgoing-metadata.ts";
import { message, numberField, textField } from "./proto-writer.ts";

/** What a call ends with, as grpc-js sends it. */
export type GrpcStatus = PartialStatusObject;

/** Longest text of an error that fits into trailers, where it stands twice; peers take 8 to 64 KiB of headers. */
const MAX_DETAIL = 1500;
const MAX_DETAILS_BYTES = 4096;

/** `UNIMPLEMENTED` is gRPC's word for another number of requests than the method takes. */
export const WRONG_COUNT = status.UNIMPLEMENTED;

/** The good end. */
export const OK: GrpcStatus = { code: 0, details: "", metadata: new ReadyHeaders({ "grpc-message": "" }) };

/** The good end of a call whose handler said something for its trailers. */
export function okStatus(said: Metadata | undefined): GrpcStatus {
  return said === undefined ? OK : withHeaders(0, { ...outgoingFields(said), "grpc-message": "" });
}

/** What {@link errorStatus} adds to the error. */
export interface StatusOptions {
  /** Set when the status is the whole answer: it then stands in the headers, which name the content type. */
  readonly contentType?: string | undefined;
  /** Why no handler ran: our own clients may then go to another node. */
  readonly refusal?: Refusal | undefined;
  /** What the handler said for the trailers. */
  readonly said?: Metadata | undefined;
}

/** What {@link errorStatus} is told besides. */
export interface ErrorOptions extends StatusOptions {
  /** Headers of the request: they say who asks. */
  readonly asked: IncomingHttpHeaders;
}

/**
 * An error as trailers. Go Micro's clients and ours get Go Micro's form (spec 2.2): the number of the code, JSON as the
 * text, and the same as a message in the details, followed by the error's own. Everybody else gets what a standard server
 * would write: the bare text, and the details that the handler gave.
 */
export function errorStatus(error: MicroError, { asked, ...options }: ErrorOptions): GrpcStatus {
  const micro = readsMicroErrors(asked);
  const cut = shortened(error);
  // Go writes errors that are none of its own as plain text, and its clients take JSON without a number for text.
  const text = micro && cut.httpCode !== 0 ? JSON.stringify(cut) : cut.detail;
  const own = micro ? [{ typeUrl: MICRO_ERROR_URL, value: errorMessage(cut) }] : [];
  const details = [...own, ...fitting(error.details)];
  const { grpc } = CODES[error.code];
  if (details.length === 0) return plainStatus(grpc, text, options);
  const described = message(
    numberField(1, grpc),
    textField(2, text),
    ...details.map(({ typeUrl, value }) => textField(3, message(textField(1, typeUrl), textField(2, value)))),
  );
  return withHeaders(grpc, {
    ...framing(options),
    "grpc-message": percentEncoded(text),
    // Without padding, as Go writes it.
    "grpc-status-details-bin": Buffer.from(described).toString("base64").replace(/=+$/, ""),
  });
}

/** A status of gRPC itself, in plain words: what a server says of calls that reach no handler of a service. */
export function plainStatus(code: number, text: string, options: StatusOptions = {}): GrpcStatus {
  return withHeaders(code, { ...framing(options), "grpc-message": percentEncoded(text) });
}

/** Go Micro's clients say their content type twice (spec 2.1), ours the name of their service. */
function readsMicroErrors(asked: IncomingHttpHeaders): boolean {
  return asked["x-content-type"] !== undefined || asked["micro-from-service"] !== undefined;
}

function withHeaders(code: number, headers: OutgoingHttpHeaders): GrpcStatus {
  return { code, details: "", metadata: new ReadyHeaders(headers) };
}

function framing({ contentType, refusal, said }: StatusOptions): OutgoingHttpHeaders {
  return {
    ...outgoingFields(said),
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...(refusal === undefined ? {} : { "micro-refused": refusal }),
  };
}

/** `errors.Error` of Go Micro: id, code, detail, status. */
function errorMessage({ id, httpCode, detail, status }: MicroError): Uint8Array {
  return message(textField(1, id), numberField(2, httpCode), textField(3, detail), textField(4, status));
}

function shortened(error: MicroError): MicroError {
  const detail = error.detail.toWellFormed();
  if (detail === error.detail && detail.length <= MAX_DETAIL) return error;
  const { id, code, status, httpCode } = error;
  const fits = detail.length <= MAX_DETAIL ? detail : `${detail.slice(0, MAX_DETAIL).toWellFormed()}…`;
  return new MicroError({ id, code, status, httpCode, detail: fits });
}

function fitting(details: MicroError["details"]): MicroError["details"] {
  let room = MAX_DETAILS_BYTES;
  return details.filter(({ typeUrl, value }) => {
    room -= typeUrl.length + value.length;
    return room >= 0;
  });
}

/**
 * The text of `grpc-message`: printable ASCII characters but the percent sign stand as they are, and so do spaces between
 * others. HTTP/2 has no value with a space at its ends: receivers would drop the whole text.
 */
export function percentEncoded(text: string): string {
  if (/^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/.test(text)) return text;
  const bytes = Buffer.from(text, "utf8");
  return Array.from(bytes, (byte, at) => {
    const inside = at > 0 && at < bytes.length - 1;
    const plain = byte >= (inside ? 0x20 : 0x21) && byte <= 0x7e && byte !== 0x25;
    return plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}
