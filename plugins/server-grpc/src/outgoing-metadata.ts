import type { OutgoingHttpHeaders } from "node:http2";
import type { Metadata } from "@micro/core";
import { OWN_KEYS, toHeaderValue } from "@micro/grpc/internal";

/** Keys of replies that the wire writes itself: what a handler says there is left out. */
const REPLY_KEYS: ReadonlySet<string> = new Set([...OWN_KEYS, "date"]);

/** What a handler says beside its reply, as headers or trailers. Values of `-bin` keys are base64 texts already. */
export function outgoingFields(said: Metadata | undefined): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  if (said === undefined) return fields;
  for (const [key, value] of said) {
    if (REPLY_KEYS.has(key) || key.startsWith("grpc-")) continue;
    fields[key] = toHeaderValue(value);
  }
  return fields;
}
