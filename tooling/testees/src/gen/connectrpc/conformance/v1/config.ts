// Code generated from connectrpc/conformance/v1/config.proto by `micro generate`. DO NOT EDIT.
import { defineEnum, defineFile, defineMessage, type EnumValue, type MessageType } from "@micro/core/message";

/** `connectrpc/conformance/v1/config.proto`. */
export const configFile = defineFile({
  name: "connectrpc/conformance/v1/config.proto",
  package: "connectrpc.conformance.v1",
});

export const HTTPVersion = defineEnum(configFile, "HTTPVersion", {
  HTTP_VERSION_UNSPECIFIED: 0,
  HTTP_VERSION_1: 1,
  HTTP_VERSION_2: 2,
  HTTP_VERSION_3: 3,
});
export type HTTPVersion = EnumValue<typeof HTTPVersion>;

export const Protocol = defineEnum(configFile, "Protocol", {
  PROTOCOL_UNSPECIFIED: 0,
  PROTOCOL_CONNECT: 1,
  PROTOCOL_GRPC: 2,
  PROTOCOL_GRPC_WEB: 3,
});
export type Protocol = EnumValue<typeof Protocol>;

export const Codec = defineEnum(configFile, "Codec", {
  CODEC_UNSPECIFIED: 0,
  CODEC_PROTO: 1,
  CODEC_JSON: 2,
  CODEC_TEXT: 3,
});
export type Codec = EnumValue<typeof Codec>;

export const Compression = defineEnum(configFile, "Compression", {
  COMPRESSION_UNSPECIFIED: 0,
  COMPRESSION_IDENTITY: 1,
  COMPRESSION_GZIP: 2,
  COMPRESSION_BR: 3,
  COMPRESSION_ZSTD: 4,
  COMPRESSION_DEFLATE: 5,
  COMPRESSION_SNAPPY: 6,
});
export type Compression = EnumValue<typeof Compression>;

export const StreamType = defineEnum(configFile, "StreamType", {
  STREAM_TYPE_UNSPECIFIED: 0,
  STREAM_TYPE_UNARY: 1,
  STREAM_TYPE_CLIENT_STREAM: 2,
  STREAM_TYPE_SERVER_STREAM: 3,
  /** All requests first, then all replies. */
  STREAM_TYPE_HALF_DUPLEX_BIDI_STREAM: 4,
  /** A reply for each request. */
  STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM: 5,
});
export type StreamType = EnumValue<typeof StreamType>;

/** The numbers are those of gRPC. */
export const Code = defineEnum(configFile, "Code", {
  CODE_UNSPECIFIED: 0,
  CODE_CANCELED: 1,
  CODE_UNKNOWN: 2,
  CODE_INVALID_ARGUMENT: 3,
  CODE_DEADLINE_EXCEEDED: 4,
  CODE_NOT_FOUND: 5,
  CODE_ALREADY_EXISTS: 6,
  CODE_PERMISSION_DENIED: 7,
  CODE_RESOURCE_EXHAUSTED: 8,
  CODE_FAILED_PRECONDITION: 9,
  CODE_ABORTED: 10,
  CODE_OUT_OF_RANGE: 11,
  CODE_UNIMPLEMENTED: 12,
  CODE_INTERNAL: 13,
  CODE_UNAVAILABLE: 14,
  CODE_DATA_LOSS: 15,
  CODE_UNAUTHENTICATED: 16,
});
export type Code = EnumValue<typeof Code>;

/** Certificate and private key, as PEM. */
export interface TLSCreds {
  cert: Uint8Array;
  key: Uint8Array;
}
export const TLSCreds: MessageType<TLSCreds> = defineMessage(
  configFile,
  "TLSCreds",
  () => ({
    cert: { number: 1, type: "bytes" },
    key: { number: 2, type: "bytes" },
  }),
  { description: "Certificate and private key, as PEM." },
);
