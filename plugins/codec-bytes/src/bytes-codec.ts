import { type Codec, codec, unencodable } from "@micro/codec";
import { definePlugin } from "@micro/core";

const CONTENT_TYPE = "application/octet-stream";

/**
 * Raw bytes in both directions, untouched: a `Uint8Array` goes out as it is, and what came in is handed over
 * without a copy (spec 1.5, Go's frame). Nothing to carry is an empty body. Anything else is `INTERNAL`.
 */
export const bytesCodec = definePlugin(codec, {
  name: "bytes",
  // Go Micro 22 looks for this name (spec 1.5).
  aliases: ["raw"],
  create: (): Codec => ({
    name: "bytes",
    contentTypes: [CONTENT_TYPE],
    encode(value) {
      if (value instanceof Uint8Array) return value;
      if (value === undefined) return new Uint8Array(0);
      throw unencodable(CONTENT_TYPE, value, {
        carries: "bytes only",
        hint: "give a Uint8Array or choose another content type",
      });
    },
    // A Buffer of the network becomes what an in-process call gives, on the same memory.
    decode: (bytes) =>
      Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes,
  }),
});
