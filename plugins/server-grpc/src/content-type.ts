import { type WireType, wireTypes } from "@micro/grpc/internal";

const { proto, json, bytes } = wireTypes;

const TYPES: ReadonlyMap<string, WireType> = new Map([
  // What a client leaves out is proto; it is answered as it asked.
  ["application/grpc", { ...proto, contentType: "application/grpc" }],
  ...[proto, json, bytes].map((type) => [type.contentType, type] as const),
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
