import { type Codec, codec, unencodable } from "@micro/codec";
import { definePlugin, MicroError, option } from "@micro/core";
import { isMessageType, MessageProblem } from "@micro/core/message";
import { BodyProblem, createDecode } from "./decode.ts";
import { createEncode } from "./encode.ts";

const CONTENT_TYPE = "application/protobuf";

/**
 * Protocol Buffers (spec 1.5): the serialized message and nothing around it. The contract's message types decide what
 * the bytes mean. Without one, bytes go out and come in as they are (Go's frame), and an empty value is an empty body.
 */
export const protobufCodec = definePlugin(codec, {
  name: "protobuf",
  aliases: ["proto"],
  config: {
    protobufMaxSize: option.size({ description: "Largest message that is read", default: "64MiB" }),
    protobufMaxObjects: option.integer({
      description:
        "Most messages, lists, maps, entries and bytes that one message may become when it is read",
      default: 2_000_000,
      min: 1,
    }),
  },
  create: ({ config }): Codec => {
    const encode = createEncode();
    const decode = createDecode({ max: config.protobufMaxObjects, option: "codec.protobuf_max_objects" });
    const maxBytes = config.protobufMaxSize;
    return {
      name: "protobuf",
      contentTypes: [CONTENT_TYPE],
      typed: true,
      encode(value, schema) {
        if (!isMessageType(schema)) return raw(value);
        try {
          return encode(schema, value ?? {});
        } catch (error) {
          if (!(error instanceof MessageProblem)) throw error;
          throw new MicroError({
            code: "INTERNAL",
            detail: `${schema.typeName}: ${error.text}`,
            cause: error,
          });
        }
      },
      decode(bytes, schema) {
        if (bytes.length > maxBytes) {
          throw refused(
            `${bytes.length} bytes are more than ${maxBytes}; raise codec.protobuf_max_size if such messages are meant`,
          );
        }
        // A Buffer of the network becomes what an in-process call gives, on the same memory.
        if (!isMessageType(schema)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        try {
          return decode(schema, bytes);
        } catch (error) {
          if (!(error instanceof BodyProblem)) throw error;
          throw refused(
            `${schema.typeName}: ${error.message} (byte ${error.offset} of ${bytes.length})`,
            error,
          );
        }
      },
    };
  },
});

function raw(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value === undefined || value === null || isEmptyObject(value)) return new Uint8Array(0);
  throw unencodable(CONTENT_TYPE, value, {
    carries: "messages of a known type, or bytes",
    hint: "protobuf needs a message type: generate the contract from its .proto file, or give a Uint8Array",
  });
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Object.keys(value).length > 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refused(what: string, cause?: unknown): MicroError {
  return new MicroError({
    code: "BAD_REQUEST",
    detail: `${CONTENT_TYPE} body: ${what}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
