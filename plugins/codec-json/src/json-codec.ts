import { type Codec, codec } from "@micro/codec";
import { definePlugin, option } from "@micro/core";
import { decode } from "./decode.ts";
import { createEncode } from "./encode.ts";

const CONTENT_TYPE = "application/json";

/**
 * JSON as Go Micro writes and reads it (spec 1.5). Out: the value and a newline; bytes as base64, bigint as a
 * number, a Map as an object, undefined as `{}`. In: an empty body is undefined; what is not JSON, not UTF-8, too
 * deep, too large, or has a key that pollutes prototypes is `BAD_REQUEST`.
 */
export const jsonCodec = definePlugin(codec, {
  name: "json",
  config: {
    jsonMaxDepth: option.integer({
      description: "Levels of lists and objects inside each other in one message",
      default: 512,
      min: 1,
      // The check of keys recurses that deep.
      max: 5000,
    }),
    jsonMaxSize: option.size({ description: "Largest message that is read", default: "64MiB" }),
    jsonBigIntegers: option.choice(["number", "bigint"], {
      description: "What whole numbers beyond 2^53 become: a rounded number, or an exact bigint",
      default: "number",
    }),
  },
  create: ({ config }): Codec => {
    const encode = createEncode();
    const options = {
      contentType: CONTENT_TYPE,
      maxDepth: config.jsonMaxDepth,
      maxBytes: config.jsonMaxSize,
      bigIntegers: config.jsonBigIntegers,
    };
    return {
      name: "json",
      contentTypes: [CONTENT_TYPE],
      encode: (value) => encode(value, CONTENT_TYPE),
      decode: (bytes) => decode(bytes, options),
    };
  },
});
