import { type WireType, wireTypes } from "@micro/grpc/internal";

const { proto, json, bytes } = wireTypes;

const TYPES: ReadonlyMap<string, WireType> = new Map([
  ["application/grpc+proto", proto],
  ["application/grpc", proto],
  ["application/proto", proto],
  ["application/protobuf", proto],
  // Go's client sends protobuf for it; only `application/grpc+bytes` is bytes.
  ["application/octet-stream", proto],
  ["application/json", json],
  ["application/grpc+json", json],
  ["application/grpc+bytes", bytes],
]);

/** All content types that a call may name. */
export const CONTENT_TYPES: readonly string[] = [...TYPES.keys()];

/** The wire form of a content type; undefined for one that Go's client has no codec for either. */
export function wireTypeOf(contentType: string): WireType | undefined {
  return TYPES.get(contentType);
}
