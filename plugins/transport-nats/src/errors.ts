import type { MicroError } from "@micro/core";
import { type TransportErrorOptions, transportError, unavailable } from "@micro/transport";

/** NATS has no subscriber at `address`: whoever was there is gone, or never was. */
export function nobodyAt(address: string, servers: string): MicroError {
  const detail = `nobody listens at '${address}' on NATS (${servers}): the server has stopped, or is connected to other NATS servers`;
  return unavailable(detail, { notSent: true });
}

/** A message that the NATS server would not take, and that may not be sent in pieces. */
export function overPayload(
  bytes: number,
  limit: number,
  options: TransportErrorOptions & { readonly advice: string },
): MicroError {
  const { advice, ...more } = options;
  const detail = `a message of ${bytes} bytes is larger than the ${limit} bytes that max_payload of the NATS server allows: ${advice}`;
  return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true, ...more });
}
