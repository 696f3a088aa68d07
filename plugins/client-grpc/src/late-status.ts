import { status as codes, type StatusObject } from "@grpc/grpc-js";

/** Servers count in whole milliseconds, from when the headers came. */
const SAME_MS = 1;

/**
 * The status of a call whose server may have seen the deadline first: grpc-go then resets the stream without a word, which
 * looks like cancelling.
 */
export function withDeadline(status: StatusObject, deadline: number): StatusObject {
  if (status.code !== codes.CANCELLED || Date.now() + SAME_MS < deadline) return status;
  return { ...status, code: codes.DEADLINE_EXCEEDED, details: "the server gave up at the deadline" };
}
