import { type Codec, codec, readUtf8, unencodable } from "@micro/codec";
import { definePlugin } from "@micro/core";

/** The content type that chooses this codec. */
const CONTENT_TYPE = "application/x-sample";

/**
 * The sample codec. It carries text for now: replace `encode` and `decode` by your format. `encode` throws `INTERNAL`
 * for what the format cannot carry, `decode` throws `BAD_REQUEST` for bytes that are none of its messages, and neither
 * may take much more memory than the message has bytes.
 */
export const sampleCodec = definePlugin(codec, {
  name: "sample",
  create: (): Codec => ({
    name: "sample",
    contentTypes: [CONTENT_TYPE],
    encode(value) {
      if (typeof value === "string") return Buffer.from(value);
      if (value === undefined) return new Uint8Array(0);
      throw unencodable(CONTENT_TYPE, value, { carries: "text only", hint: "give a string" });
    },
    decode: (bytes) => readUtf8(bytes, CONTENT_TYPE),
  }),
});
