import { type Code, MicroError } from "@micro/core";

/** Id of the errors that a client makes itself (spec 1.11). */
export const CLIENT_ID = "go.micro.client";

/** Options of {@link clientError}. */
export interface ClientErrorOptions {
  readonly cause?: unknown;
  /** True when the request provably reached no handler. */
  readonly notSent?: boolean;
}

/** An error of the client itself. */
export function clientError(code: Code, detail: string, options: ClientErrorOptions = {}): MicroError {
  return new MicroError({ id: CLIENT_ID, code, detail, ...options });
}

/** What a caller is told when its call was given up: the reason itself where it is a MicroError. */
export function cancelled(what: string, reason: unknown): MicroError {
  if (MicroError.is(reason)) return reason;
  const why = reason instanceof Error ? reason.message : String(reason);
  return clientError("CANCELLED", `${what} was cancelled: ${why}`, { cause: reason });
}

/** Go's texts for the end of a handler's context. */
const CONTEXT_TEXTS: readonly (readonly [text: string, code: Code])[] = [
  ["context deadline exceeded", "TIMEOUT"],
  ["context canceled", "CANCELLED"],
];

/**
 * The code of an error that came from Go without one (spec 1.11), when its text is, or ends with, what Go says of a
 * context that has ended; undefined for all other texts. Go's gRPC server gives the same codes, unless the handler has
 * put the error into one of its own (spec 2.2).
 */
export function codeOfContextText(text: string): Code | undefined {
  return CONTEXT_TEXTS.find(([end]) => text.endsWith(end))?.[1];
}

/** An error that crossed from a handler of this process: what the network would have carried, and nothing else. */
export function isolatedError(error: unknown): MicroError {
  const { id, code, detail, status, httpCode, details, notSent } = MicroError.from(error);
  return new MicroError({ id, code, detail, status, httpCode, details, notSent });
}
