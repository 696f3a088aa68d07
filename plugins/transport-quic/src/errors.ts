import { type Code, MicroError } from "@micro/core";

/** Who says so in errors of the dialling side; the id that Go's client gives its own (spec 1.11). */
export const CLIENT_ID = "go.micro.client.transport";
/** Who says so in errors of the listening side. */
export const SERVER_ID = "go.micro.server.transport";

interface Details {
  readonly id?: string;
  readonly notSent?: boolean;
  readonly cause?: unknown;
}

/** A transport error: code, text, and whether the request provably reached nobody. */
export function transportError(code: Code, detail: string, details: Details = {}): MicroError {
  return new MicroError({ code, detail, id: CLIENT_ID, ...details });
}

/** The connection or the stream is of no use any more. */
export function unavailable(detail: string, details: Details = {}): MicroError {
  return transportError("UNAVAILABLE", detail, details);
}

/** A body beyond the limit, on either side of either direction. */
export function tooLarge(bytes: number, limit: number, details: Details = {}): MicroError {
  return transportError(
    "RESOURCE_EXHAUSTED",
    `a message of ${bytes} bytes is larger than transport.max_message_size, ${limit} bytes`,
    details,
  );
}
