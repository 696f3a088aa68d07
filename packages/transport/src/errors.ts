import { type Code, MicroError } from "@micro/core";

/** Who says so in errors of the dialling side; the id that Go's client gives its own (spec 1.11). */
export const CLIENT_ID = "go.micro.client.transport";
/** Who says so in errors of the listening side. */
export const SERVER_ID = "go.micro.server.transport";

/** What a transport's error says beside its code and its text. */
export interface TransportErrorOptions {
  /** @default {@link CLIENT_ID} */
  readonly id?: string;
  /** The request provably reached nobody: it may be repeated. @default false */
  readonly notSent?: boolean;
  readonly cause?: unknown;
}

/** A transport's error. */
export function transportError(code: Code, detail: string, options: TransportErrorOptions = {}): MicroError {
  return new MicroError({ code, detail, id: CLIENT_ID, ...options });
}

/** The connection or the stream is of no use any more. */
export function unavailable(detail: string, options: TransportErrorOptions = {}): MicroError {
  return transportError("UNAVAILABLE", detail, options);
}

/** No connection came about: the request provably reached nobody. */
export function notSent(code: Code, detail: string, cause?: unknown): MicroError {
  return transportError(code, detail, { notSent: true, cause });
}

/** A body of `bytes`, of either direction, beyond the `limit` that the option `transport.max_message_size` sets. */
export function tooLarge(bytes: number, limit: number, options: TransportErrorOptions = {}): MicroError {
  const detail = `a message of ${bytes} bytes is larger than transport.max_message_size, ${limit} bytes`;
  return transportError("RESOURCE_EXHAUSTED", detail, options);
}

/** What `reply` and `accept` of an `IncomingExchange` throw when one of them was called before. */
export function answeredTwice(): MicroError {
  const detail = "an exchange is answered once: reply() or accept() was called already";
  return transportError("PRECONDITION_FAILED", detail, { id: SERVER_ID });
}
