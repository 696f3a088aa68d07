import type { OutgoingHttpHeaders } from "node:http2";
import type { Metadata } from "@micro/core";

/** Keys that the wire writes itself, or that HTTP/2 forbids: what a handler says there is left out. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  "date",
  "http2-settings",
  "keep-alive",
  "micro-refused",
  "proxy-connection",
  "te",
  "upgrade",
  "x-content-type",
]);

const ASCII_VALUE = /^[ -~]*$/;

/** What a handler says beside its reply, as headers or trailers. Values of `-bin` keys are base64 texts already. */
export function outgoingFields(said: Metadata | undefined): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  if (said === undefined) return fields;
  for (const [key, value] of said) {
    if (OWN_KEYS.has(key) || key.startsWith("grpc-")) continue;
    // Node writes each character as one byte: so the bytes of UTF-8 go out, as Go writes them.
    fields[key] = ASCII_VALUE.test(value) ? value : Buffer.from(value, "utf8").toString("latin1");
  }
  return fields;
}
