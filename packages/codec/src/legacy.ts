/**
 * Go's old protocol, from before nodes named their protocol: what these content types stand for there. Only the first
 * two are named anew in the header (spec 1.8).
 */
export const LEGACY_ENVELOPES: ReadonlyMap<string, string> = new Map([
  ["application/json", "application/json-rpc"],
  ["application/protobuf", "application/proto-rpc"],
  ["application/octet-stream", "application/proto-rpc"],
]);
