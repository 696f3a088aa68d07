import type { Lifecycle } from "@micro/core";
import type { ServiceRecord } from "./model.ts";

/** Bounds of one registry operation. */
export interface RegistryCallOptions {
  readonly signal?: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

/** Options of `get`. */
export interface GetOptions extends RegistryCallOptions {
  /**
   * Told of nodes as they answer, while others may still do so: a call can go out before the promise resolves. The
   * answer has them too, unless they have gone meanwhile. A plugin that knows everybody at once need not call it. It must
   * not throw.
   */
  readonly onFound?: (record: ServiceRecord) => void;
}

/** Options of `snapshot`. */
export interface SnapshotOptions extends RegistryCallOptions {
  /**
   * Says whether the nodes that have answered so far, and those known before, will do: then the snapshot has only them,
   * and a later one has the others too. As long as it says no, all are waited for. @default waits for all
   */
  readonly enough?: (snapshot: Snapshot) => boolean;
}

/** Options of `register`. */
export interface RegisterOptions extends RegistryCallOptions {
  /** The node is forgotten when it is not registered again within this time; 0: never. @default 60000 */
  readonly ttlMs?: number;
}

/** Options of `watch`. */
export interface WatchOptions {
  /** Only this service. @default all */
  readonly service?: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/**
 * What a watcher sees. `snapshot` comes first and again after every loss of connection: it replaces all that was
 * known. A `put` replaces the nodes that its record names, a `delete` takes them away.
 */
export type RegistryEvent =
  | { readonly type: "snapshot"; readonly services: readonly ServiceRecord[] }
  | { readonly type: "put"; readonly service: ServiceRecord }
  | { readonly type: "delete"; readonly service: ServiceRecord };

/** What a registry plugin implements. "Nobody there" is an empty list; "cannot ask" rejects with `UNAVAILABLE`. */
export interface RegistryBackend extends Lifecycle {
  /** Name in node metadata: `mdns`. */
  readonly name: string;
  /** Adds or refreshes the nodes of `record`; other nodes of the service stay. */
  register(record: ServiceRecord, options?: RegisterOptions): Promise<void>;
  /** Takes the nodes of `record` away; unknown ones are no error. */
  deregister(record: ServiceRecord, options?: RegistryCallOptions): Promise<void>;
  /** One record per version; empty when nobody is there. */
  get(service: string, options?: GetOptions): Promise<readonly ServiceRecord[]>;
  /** Names of all services, sorted. */
  list(options?: RegistryCallOptions): Promise<readonly string[]>;
  /** Ends when `signal` aborts or the reader leaves; survives reconnects. */
  watch(options?: WatchOptions): AsyncIterable<RegistryEvent>;
}

/** What is known of one service at one moment. Immutable: a change makes another with a higher `version`. */
export interface Snapshot {
  readonly service: string;
  readonly records: readonly ServiceRecord[];
  /** Rises with each change of this service; equal versions mean equal nodes. */
  readonly version: number;
  /** True when the registry could not be asked and this is the last that was known. */
  readonly stale: boolean;
}

/** What a service offers as `service.registry`: the plugin behind the caching layer every plugin shares. */
export interface Registry extends RegistryBackend {
  /** The cached snapshot without waiting; undefined when it is too old, or not everybody has been asked yet. */
  peek(service: string): Snapshot | undefined;
  /** The snapshot, asking the plugin when needed. Rejects with `UNAVAILABLE` when it cannot ask and knows nothing. */
  snapshot(service: string, options?: SnapshotOptions): Promise<Snapshot>;
  /** A connection to this node failed: forget it until the registry names it anew. */
  evict(service: string, nodeId: string): void;
}
