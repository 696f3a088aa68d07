import { type Codec, codec, readUtf8, unencodable } from "@micro/codec";
import { definePlugin } from "@micro/core";

const CONTENT_TYPE = "text/plain";

/**
 * Plain text as UTF-8. Strings both ways; bytes that are a text already go out as they are, nothing to carry is
 * an empty body, anything else is `INTERNAL`. Bytes that are no UTF-8 are `BAD_REQUEST`.
 */
export const textCodec = definePlugin(codec, {
  name: "text",
  create: (): Codec => ({
    name: "text",
    contentTypes: [CONTENT_TYPE],
    encode(value) {
      if (typeof value === "string") return Buffer.from(value);
      if (value instanceof Uint8Array) return value;
      if (value === undefined) return new Uint8Array(0);
      throw unencodable(CONTENT_TYPE, value, {
        carries: "text only",
        hint: "give a string or choose another content type",
      });
    },
    decode: (bytes) => readUtf8(bytes, CONTENT_TYPE),
  }),
});
