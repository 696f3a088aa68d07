import type { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata } from "@micro/core";

/** Keys that the wire of a server writes, not its handler. */
const OWN_KEYS: ReadonlySet<string> = new Set(["date", "micro-refused", "x-content-type"]);

/**
 * Headers or trailers of a reply, without what belongs to the framing. Values of `-bin` keys are base64 texts;
 * others are ASCII, as grpc-js leaves out what is not.
 */
export function replyMetadata(given: GrpcMetadata): Metadata {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(given.toJSON())) {
    if (OWN_KEYS.has(key) || key.startsWith("grpc-")) continue;
    metadata.setLower(
      key,
      values.map((value) => (typeof value === "string" ? value : value.toString("base64"))).join(", "),
    );
  }
  return metadata.forwarded();
}
