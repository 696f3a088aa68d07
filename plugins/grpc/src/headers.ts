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

/** A value of metadata as Node takes it, which writes each character as one byte: so the bytes of UTF-8 go out, as Go's do. */
export function toHeaderValue(value: string): string {
  return ASCII_VALUE.test(value) ? value : Buffer.from(value, "utf8").toString("latin1");
}
