export type { Endpoint, Node, ServiceRecord, Value } from "./model.ts";
export type { Registry, RegistryEvent, Snapshot, WatchOptions } from "./registry.ts";

// ---- for authors of registry plugins ----

export { createCachedRegistry } from "./cached-registry.ts";
export { registry } from "./component.ts";
export type { RegisterOptions, RegistryBackend, RegistryCallOptions } from "./registry.ts";
