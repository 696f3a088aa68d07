import type { ClientCall } from "./client-call.ts";

/** The brand of `Frame` and `frameSchema` of `@micro/codec`, which a client does not need otherwise. */
const FRAME = Symbol.for("micro.frame");

/**
 * Whether messages of a call are bytes that nobody decodes. Such a call takes the network even to a service of this
 * process: inside there are no bytes.
 */
export function carriesFrames({ message, shape }: Pick<ClientCall, "message" | "shape">): boolean {
  return isFrame(message) || isFrame(shape.input) || isFrame(shape.output);
}

/** True for a message that is bytes, and for a schema of such messages. */
export function isFrame(value: unknown): boolean {
  return typeof value === "object" && value !== null && FRAME in value;
}
