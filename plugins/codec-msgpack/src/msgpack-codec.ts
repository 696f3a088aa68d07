import { type Codec, codec } from "@micro/codec";
import { definePlugin, option } from "@micro/core";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";

/**
 * MessagePack: what JSON carries, and bytes, dates and whole numbers of 64 bits, in fewer bytes. Out: what JSON would
 * leave out is left out. In: whole numbers beyond 2^53 are bigint; what is no MessagePack, too deep, too large, has a
 * key that is no text or one that pollutes prototypes is `BAD_REQUEST`.
 */
export const msgpackCodec = definePlugin(codec, {
  name: "msgpack",
  config: {
    msgpackMaxDepth: option.integer({
      description: "Levels of lists and objects inside each other in one message",
      default: 512,
      min: 1,
      // Reading and writing recurse that deep.
      max: 2000,
    }),
    msgpackMaxSize: option.size({ description: "Largest message that is read", default: "64MiB" }),
  },
  create: ({ config }): Codec => {
    const limits = { maxDepth: config.msgpackMaxDepth, maxBytes: config.msgpackMaxSize };
    return {
      name: "msgpack",
      contentTypes: ["application/msgpack"],
      encode: (value) => encode(value, limits),
      decode: (bytes) => decode(bytes, limits),
    };
  },
});
