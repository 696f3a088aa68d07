/** What a content sub-type of gRPC is here (spec 2.1). */
export interface WireType {
  /** On the wire, in both directions. */
  readonly contentType: string;
  /** Whose codec reads and writes the messages. */
  readonly codecType: string;
}

const PROTO: WireType = { contentType: "application/grpc+proto", codecType: "application/protobuf" };

const TYPES: ReadonlyMap<string, WireType> = new Map([
  // What a client leaves out is proto; it is answered as it asked.
  ["application/grpc", { ...PROTO, contentType: "application/grpc" }],
  ["application/grpc+proto", PROTO],
  ["application/grpc+json", { contentType: "application/grpc+json", codecType: "application/json" }],
  [
    "application/grpc+bytes",
    { contentType: "application/grpc+bytes", codecType: "application/octet-stream" },
  ],
]);

/** The sub-type of a request; parameters are ignored. Undefined for one that Go's server does not know either. */
export function wireTypeOf(contentType: string): WireType | undefined {
  const known = TYPES.get(contentType);
  if (known !== undefined) return known;
  const end = contentType.indexOf(";");
  const bare = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return TYPES.get(bare);
}

/** True for what claims to be gRPC at all; all else is answered with 415. */
export function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:[+;].*|\s*)$/i.test(contentType);
}
