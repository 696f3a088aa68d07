import { MicroError, type StandardSchema } from "@micro/core";
import { isMessageType } from "@micro/core/message";
import { wireFields } from "./handler-error.ts";
import type { Route } from "./routes.ts";
import { validate } from "./validation.ts";

/** The part of a codec that a server needs. */
export interface RequestCodec {
  readonly typed?: boolean;
  encode(value: unknown, schema?: StandardSchema): Uint8Array;
  decode(bytes: Uint8Array, schema?: StandardSchema): unknown;
}

/**
 * The request in a body. Go's handlers are given a zero value when it is empty (spec 1.5), and so are ours. Throws a
 * MicroError `BAD_REQUEST` with the service as its id, as callers see it.
 */
export function decodeRequest(codec: RequestCodec, body: Uint8Array, route: Route): unknown {
  const { requestSchema, service, endpoint } = route;
  const message = decoded(codec, body, route) ?? (body.length === 0 ? {} : null);
  if (!isMessageType(requestSchema) || codec.typed === true) return message;
  // A message type checks at once: this is no promise.
  return validate(requestSchema, message, {
    id: service,
    code: "BAD_REQUEST",
    what: `request of ${endpoint}`,
  });
}

/** What the codec reads. It knows no service: the error is given the id of this one. */
function decoded(codec: RequestCodec, body: Uint8Array, { requestSchema, service }: Route): unknown {
  try {
    return codec.decode(body, requestSchema);
  } catch (cause) {
    const error = MicroError.from(cause, { id: service });
    if (error.id !== "") throw error;
    throw new MicroError({ ...wireFields(error), id: service, cause });
  }
}

/** The body of a reply. What a codec cannot write is the handler's mistake: throws a MicroError `INTERNAL`. */
export function encodeReply(
  codec: RequestCodec,
  value: unknown,
  route: Pick<Route, "replySchema" | "service" | "endpoint">,
): Uint8Array {
  const { replySchema, service, endpoint } = route;
  try {
    return codec.encode(value, replySchema);
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw new MicroError({ id: service, code: "INTERNAL", detail: `reply of ${endpoint}: ${detail}`, cause });
  }
}
