import { Metadata, MicroError } from "@micro/core";
import type { Refusal } from "@micro/server";

/** No body. */
export const EMPTY = new Uint8Array(0);

/** The header of a regular answer: what Go clients need and nothing that they would have to ignore (spec 1.2). */
export function replyHeader(contentType: string, id: string): Metadata {
  return Metadata.over(replyBase(contentType)).setLower("micro-id", id);
}

/** What the replies of one content type share. Not to be changed. */
export function replyBase(contentType: string): Metadata {
  return new Metadata().setLower("content-type", contentType);
}

/** The header of a failed answer; its body is empty, or the envelope's (spec 1.11). A refusal says that no handler ran. */
export function errorHeader(
  error: MicroError,
  {
    contentType,
    id,
    refusal,
  }: { readonly contentType: string; readonly id: string; readonly refusal?: Refusal | undefined },
): Metadata {
  const text = errorText(error);
  const header = replyHeader(contentType, id);
  header.setLower("micro-error", text);
  header.setLower("x-micro-error", text);
  if (refusal !== undefined) header.setLower("micro-refused", refusal);
  return header;
}

const UNSAFE = /[<>&\u2028\u2029]/g;
/** Of an error's text: it stands in a header twice, for which transports have 16 KiB. */
const MAX_ERROR_BYTES = 6 * 1024;

/**
 * `Micro-Error` as Go writes it: JSON with what HTML treats specially escaped (spec 1.11). Never empty, or it would be no
 * error. A detail that no header could hold is cut short, so that the caller learns the rest.
 */
export function errorText(error: MicroError): string {
  const text = escaped(error);
  if (Buffer.byteLength(text) <= MAX_ERROR_BYTES) return text;
  const { code, id, status, httpCode, detail } = error;
  const shorten = (length: number): string =>
    escaped(new MicroError({ code, id, status, httpCode, detail: `${detail.slice(0, length)}…` }));
  for (let { length } = detail; length > 0; ) {
    length = Math.floor(length / 2);
    const short = shorten(length);
    if (Buffer.byteLength(short) <= MAX_ERROR_BYTES) return short;
  }
  return escaped(new MicroError({ code, detail: "the error has an id that is too long to be told" }));
}

function escaped(error: MicroError): string {
  return JSON.stringify(error).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Deadline of a `Timeout` header in nanoseconds (spec 1.3), in ms since the epoch; what is no number is ignored. */
export function deadlineOf(timeout: string | undefined): number {
  if (timeout === undefined) return Infinity;
  const ms = Number(timeout) / 1e6;
  return ms > 0 ? Date.now() + ms : Infinity;
}

/**
 * Adds what the handler said. Its keys have a prefix that no request has: Go servers repeat the headers of a request in
 * their replies (spec 1.2), so a caller could not tell whose the others are.
 */
export function addSaid(
  header: Metadata,
  {
    header: said,
    trailer,
  }: { readonly header?: Metadata | undefined; readonly trailer?: Metadata | undefined },
): Metadata {
  if (said !== undefined) for (const [key, value] of said) header.setLower(`micro-reply-${key}`, value);
  if (trailer !== undefined)
    for (const [key, value] of trailer) header.setLower(`micro-trailer-${key}`, value);
  return header;
}
