import { MicroError } from "@micro/core";
import type { World } from "./world.ts";

/** What happens to calls that are lost, for the table. */
export const LOST_CALLS =
  "the server keeps every unary call of a connection under one empty key (spec 1.9), so a request that comes before the " +
  "one before it is forgotten goes to a handler that has ended; calls between Go programs are lost the same way";

/**
 * True for a call that the Go server of generation 26 may have swallowed. About 1 in 4000 calls that follow each other
 * closely on one connection is.
 */
export function isLostCall({ is22 }: World, error: unknown): boolean {
  return !is22 && MicroError.is(error) && error.code === "TIMEOUT";
}
