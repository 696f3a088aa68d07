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
    if (!isMessageType(input)) throw MicroError.from(cause, { id: CODEC_ID });
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

/** The request for a handler of this process: a copy. Throws what {@link encodeRequest} throws. */
export function isolateRequest(message: unknown, call: ClientCall): unknown {
  const { input } = call.shape;
  if (!isMessageType(input)) return message === undefined ? {} : isolate(message, call);
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
  if (!isMessageType(output)) return reply === undefined ? {} : isolate(reply, call);
  try {
    return output.create(reply as never);
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw new MicroError({
      id: call.service,
      code: "INTERNAL",
      detail: `reply of ${call.endpoint}: ${detail}`,
      cause,
    });
  }
}
