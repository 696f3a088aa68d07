/** What a content type of a call is on the wire, and whose codec writes it (spec 2.1). */
export interface WireType {
  readonly contentType: string;
  readonly codecType: string;
}

const PROTO: WireType = { contentType: "application/grpc+proto", codecType: "application/protobuf" };
const JSON_TYPE: WireType = { contentType: "application/grpc+json", codecType: "application/json" };
const BYTES: WireType = { contentType: "application/grpc+bytes", codecType: "application/octet-stream" };

const TYPES: ReadonlyMap<string, WireType> = new Map([
  ["application/grpc+proto", PROTO],
  ["application/grpc", PROTO],
  ["application/proto", PROTO],
  ["application/protobuf", PROTO],
  // Go's client sends protobuf for it; only `application/grpc+bytes` is bytes.
  ["application/octet-stream", PROTO],
  ["application/json", JSON_TYPE],
  ["application/grpc+json", JSON_TYPE],
  ["application/grpc+bytes", BYTES],
]);

/** All content types that a call may name. */
export const CONTENT_TYPES: readonly string[] = [...TYPES.keys()];

/** The wire form of a content type; undefined for one that Go's client has no codec for either. */
export function wireTypeOf(contentType: string): WireType | undefined {
  return TYPES.get(contentType);
}
