import { type Codec, codec, messageFromJson, messageToJson, type ProtoJsonOptions } from "@micro/codec";
import { definePlugin, option } from "@micro/core";
import { isMessageType } from "@micro/core/message";
import { type DecodeOptions, decode, decodePlain } from "./decode.ts";
import { createWrite, stringify } from "./encode.ts";
import { createHolds64Bit } from "./holds-64-bit.ts";

const CONTENT_TYPE = "application/json";

/**
 * JSON as Go Micro writes and reads it (spec 1.5). Out: the value and a newline; bytes as base64, bigint as a
 * number, a Map as an object, undefined as `{}`. In: an empty body is undefined; what is not JSON, not UTF-8, too
 * deep, too large, or has a key that pollutes prototypes is `BAD_REQUEST`. A message type is written and read as proto3
 * JSON instead, and an empty body is its message of defaults.
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
    jsonMaxObjects: option.integer({
      description:
        "Most messages, lists, maps, entries and bytes that one message of a type may become when it is read",
      default: 2_000_000,
      min: 1,
    }),
    jsonBigIntegers: option.choice(["number", "bigint"], {
      description: "What whole numbers beyond 2^53 become: a rounded number, or an exact bigint",
      default: "number",
    }),
  },
  create: ({ config }): Codec => {
    const write = createWrite();
    const options: DecodeOptions = {
      contentType: CONTENT_TYPE,
      maxDepth: config.jsonMaxDepth,
      maxBytes: config.jsonMaxSize,
      bigIntegers: config.jsonBigIntegers,
    };
    // A double does not hold all 64-bit integers.
    const exact: DecodeOptions = { ...options, bigIntegers: "int64" };
    const holds64Bit = createHolds64Bit();
    const limit = { max: config.jsonMaxObjects, option: "codec.json_max_objects" };
    let others: ProtoJsonOptions = { limit };
    return {
      name: "json",
      contentTypes: [CONTENT_TYPE],
      typed: true,
      encode: (value, schema) =>
        write(
          isMessageType(schema)
            ? JSON.stringify(messageToJson(schema, value ?? {}, others))
            : stringify(value, CONTENT_TYPE),
        ),
      decode(bytes, schema) {
        if (!isMessageType(schema)) return decode(bytes, options);
        const json = decodePlain(bytes, holds64Bit(schema) ? exact : options);
        return json === undefined ? schema.create() : messageFromJson(schema, json, others);
      },
      attach(siblings) {
        others = { limit, binary: siblings.find("application/protobuf") };
      },
    };
  },
});
