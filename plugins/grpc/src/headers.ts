/** What grpc-js can unpack. */
export const ENCODINGS: ReadonlySet<string> = new Set(["identity", "deflate", "gzip"]);

/** The same as the header that says so to the other end. */
export const ACCEPT_ENCODING = "identity,deflate,gzip";

/** Type of the first detail of a status that is one of Go Micro's errors (spec 2.2). */
export const MICRO_ERROR_URL = "type.googleapis.com/errors.Error";

/** Keys that the wire of either end writes itself, or that HTTP/2 forbids: what metadata says there is left out. */
export const OWN_KEYS: readonly string[] = [
  "http2-settings",
  "keep-alive",
  "micro-refused",
  "proxy-connection",
  "te",
  "upgrade",
  "x-content-type",
];

const ASCII_VALUE = /^[ -~]*$/;
const SPACE = 32;

/**
 * A value of metadata as Node takes it, which writes each character as one byte: so the bytes of UTF-8 go out, as Go's do.
 * Spaces around it are left out: HTTP/2 has none there, and its receivers drop a field that has.
 */
export function toHeaderValue(value: string): string {
  if (!ASCII_VALUE.test(value)) return Buffer.from(trimmed(value), "utf8").toString("latin1");
  return trimmed(value);
}

function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value.charCodeAt(start) === SPACE) start++;
  while (end > start && value.charCodeAt(end - 1) === SPACE) end--;
  return value.slice(start, end);
}
