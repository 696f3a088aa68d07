import { MicroError } from "@micro/core";
import { isMessageType } from "@micro/core/message";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { clientError } from "./client-errors.ts";
import { isolate } from "./isolate.ts";
import type { MessageCodec } from "./network.ts";

/** Id of errors about message bytes (spec 1.11). */
export const CODEC_ID = "go.micro.client.codec";

/** What messages are written in when nobody says. */
export const DEFAULT_CONTENT_TYPE = "application/json";

/** What the messages of a call are written in. */
export function contentTypeOf({ config, wire }: ClientContext, { options, shape }: ClientCall): string {
  return options?.contentType ?? config.contentType ?? wire.contentTypeOf?.(shape) ?? DEFAULT_CONTENT_TYPE;
}

/**
 * The body of a request. Throws a MicroError that was not sent: `BAD_REQUEST` with the path for a value that is none of
 * the contract's message type, else what the codec says.
 */
export function encodeRequest(codec: MessageCodec, message: unknown, call: ClientCall): Uint8Array {
  const { input } = call.shape;
  try {
    return codec.encode(message, input);
  } catch (cause) {
    if (!isMessageType(input)) throw named(cause, CODEC_ID);
    const { detail } = MicroError.from(cause);
    throw clientError("BAD_REQUEST", `request of ${call.label}: ${detail}`, { notSent: true, cause });
  }
}

/** The reply in a body. Throws a MicroError `INTERNAL`. */
export function decodeReply(codec: MessageCodec, body: Uint8Array, call: ClientCall): unknown {
  const { output } = call.shape;
  try {
    const reply = codec.decode(body, output);
    // A codec that knows no types gives plain values: the type makes its message of them.
    return isMessageType(output) && codec.typed !== true ? output.create(reply as never) : reply;
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw new MicroError({
      id: CODEC_ID,
      code: "INTERNAL",
      detail: `reply of ${call.endpoint}: ${detail}`,
      cause,
    });
  }
}

/** The error of a codec, which knows nobody's name, as `id` says it. */
function named(cause: unknown, id: string): MicroError {
  const error = MicroError.from(cause, { id });
  if (error.id !== "") return error;
  const { code, detail, status, httpCode } = error;
  return new MicroError({ id, code, detail, status, httpCode, cause });
}

/** A request as its bytes would bring it. Throws what {@link encodeRequest} throws, or what the server says of the bytes. */
function carryRequest(message: unknown, call: ClientCall): unknown {
  const body = encodeRequest(call.codec, message, call);
  try {
    return call.codec.decode(body);
  } catch (cause) {
    throw named(cause, call.service);
  }
}

/** A reply as its bytes would bring it. Throws a MicroError `INTERNAL`, the server's or that of {@link decodeReply}. */
function carryReply(reply: unknown, call: ClientCall): unknown {
  let body: Uint8Array;
  try {
    body = call.codec.encode(reply);
  } catch (cause) {
    throw badReply(cause, call);
  }
  return decodeReply(call.codec, body, call);
}

/** What the server says of a reply that cannot be written. */
function badReply(cause: unknown, { service, endpoint }: ClientCall): MicroError {
  const { detail } = MicroError.from(cause);
  return new MicroError({ id: service, code: "INTERNAL", detail: `reply of ${endpoint}: ${detail}`, cause });
}

/** The request for a handler of this process: a copy. Throws what the request would meet over the wire. */
export function isolateRequest(message: unknown, call: ClientCall): unknown {
  const { input } = call.shape;
  if (!isMessageType(input)) return message === undefined ? {} : isolate(message, call, carryRequest);
  try {
    // A message type makes a complete copy, as a reader over the wire gets it.
    return input.create(message as never);
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw clientError("BAD_REQUEST", `request of ${call.label}: ${detail}`, { notSent: true, cause });
  }
}

/** The reply of a handler of this process: a copy. Throws a MicroError `INTERNAL`, as its server would over the wire. */
export function isolateReply(reply: unknown, call: ClientCall): unknown {
  const { output } = call.shape;
  if (!isMessageType(output)) return reply === undefined ? {} : isolate(reply, call, carryReply);
  try {
    return output.create(reply as never);
  } catch (cause) {
    throw badReply(cause, call);
  }
}
