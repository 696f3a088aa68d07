/** What a content sub-type of gRPC is here (spec 2.1). */
export interface WireType {
  /** On the wire, in both directions. */
  readonly contentType: string;
  /** Whose codec reads and writes the messages. */
  readonly codecType: string;
}

/** The sub-types by their names, as in `application/grpc+proto`. */
export const wireTypes: Readonly<Record<"proto" | "json" | "bytes", WireType>> = {
  proto: { contentType: "application/grpc+proto", codecType: "application/protobuf" },
  json: { contentType: "application/grpc+json", codecType: "application/json" },
  bytes: { contentType: "application/grpc+bytes", codecType: "application/octet-stream" },
};
