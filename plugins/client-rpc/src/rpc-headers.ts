import type { AttemptRequest } from "@micro/client";
import { Metadata } from "@micro/core";

/** Keys that describe a message of ours or its framing: what a caller's metadata says there is left out (spec 1.3, 1.4). */
const OWN_KEYS: ReadonlySet<string> = new Set([
  "accept",
  "connection",
  "content-length",
  "content-type",
  "host",
  "local",
  "remote",
  "timeout",
  "transfer-encoding",
  ...[
    "endpoint",
    "error",
    "id",
    "method",
    "protocol",
    "refused",
    "service",
    "stream",
    "target",
    "topic",
  ].flatMap((key) => [`micro-${key}`, `x-micro-${key}`]),
]);

/** The header of a request (spec 1.3): metadata first, then what the protocol says. `stream` is the stream's number. */
export function requestHeader(request: AttemptRequest, id: string, stream: boolean): Metadata {
  const { call, contentType, attemptDeadline } = request;
  const header = new Metadata();
  call.writeMetadata(header, OWN_KEYS);
  header.setLower("accept", contentType);
  header.setLower("content-type", contentType);
  header.setLower("micro-endpoint", call.endpoint);
  header.setLower("micro-id", id);
  header.setLower("micro-method", call.endpoint);
  header.setLower("micro-service", call.service);
  if (stream) header.setLower("micro-stream", id);
  if (attemptDeadline !== Infinity) {
    // Nanoseconds, in whole milliseconds: the zeros are written, not computed, as the number leaves 2^53 soon.
    header.setLower("timeout", `${Math.max(1, Math.ceil(attemptDeadline - Date.now()))}000000`);
  }
  return header;
}
