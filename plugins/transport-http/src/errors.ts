import type { MicroError } from "@micro/core";
import { transportError } from "@micro/transport";

/** The peer broke the rules of the framing or of multiplexing; its connection is closed. */
export function violation(detail: string): MicroError {
  return transportError("BAD_REQUEST", detail);
}
