export type { Endpoint, Node, ServiceRecord, Value } from "./model.ts";
export type { Registry, RegistryEvent, Snapshot, SnapshotOptions, WatchOptions } from "./registry.ts";

// ---- for authors of registry plugins ----

export { type CachedRegistryOptions, createCachedRegistry } from "./cached-registry.ts";
export { type CallBounds, callWithin, DEFAULT_TTL_MS, unavailable } from "./call-within.ts";
export { registry } from "./component.ts";
export { NodeExpiry } from "./node-expiry.ts";
export { NodeTable } from "./node-table.ts";
export {
  copyNode,
  copyRecord,
  mergeRecords,
  parseEndpoints,
  parseMetadata,
  parseRecord,
  sameData,
  withNode,
} from "./records.ts";
export type { GetOptions, RegisterOptions, RegistryBackend, RegistryCallOptions } from "./registry.ts";
export { type Attendance, WatchHub, type WatchHubOptions } from "./watch-hub.ts";
