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

/** The session is of no use any more. */
export function unavailable(detail: string, details: Details = {}): MicroError {
  return transportError("UNAVAILABLE", detail, details);
}

/** NATS has no subscriber at `address`: whoever was there is gone, or never was. */
export function nobodyAt(address: string, servers: string): MicroError {
  const detail = `nobody listens at '${address}' on NATS (${servers}): the server has stopped, or is connected to other NATS servers`;
  return unavailable(detail, { notSent: true });
}

/** A body beyond the limit, on either side of either direction. */
export function tooLarge(bytes: number, limit: number, details: Details = {}): MicroError {
  const detail = `a message of ${bytes} bytes is larger than transport.max_message_size, ${limit} bytes`;
  return transportError("RESOURCE_EXHAUSTED", detail, details);
}

/** A message that the NATS server would not take, and that may not be sent in pieces. */
export function overPayload(bytes: number, limit: number, details: Details & { readonly advice: string }) {
  const { advice, ...more } = details;
  const detail = `a message of ${bytes} bytes is larger than max_payload of the NATS server allows, ${limit} bytes: ${advice}`;
  return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true, ...more });
}
