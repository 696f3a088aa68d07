import {
  DEFAULT_TTL_MS,
  NodeExpiry,
  NodeTable,
  type RegisterOptions,
  type RegistryBackend,
  type RegistryEvent,
  type ServiceRecord,
  unavailable,
  WatchHub,
  type WatchOptions,
  withNode,
} from "@micro/registry";

const BRAND = Symbol.for("micro.memory-registry-world");

/**
 * The nodes that services of one process share: whoever is given the same world sees the same nodes. It lives as
 * long as somebody holds it and keeps no process alive.
 */
export class MemoryRegistryWorld {
  readonly [BRAND] = true;
  readonly #table = new NodeTable();
  readonly #hubs = new Set<WatchHub>();
  readonly #expiry = new NodeExpiry(this.#table, (gone) => {
    for (const record of gone) this.#delete(record);
  });

  /** Brand check that works across two copies of this package. */
  static is(this: void, value: unknown): value is MemoryRegistryWorld {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** A registry that sees this world. `stop` takes the nodes away that were registered through it. */
  connect(): RegistryBackend {
    // What was registered here and is to go with `stop`: by service and node id.
    const own = new Map<string, ServiceRecord>();
    const hub = new WatchHub({ snapshot: (service) => this.#records(service) });
    let stopped = false;
    const check = (): void => {
      if (stopped) throw unavailable("registry 'memory' is stopped");
    };
    this.#hubs.add(hub);
    return {
      name: "memory",
      start: () => {
        stopped = false;
        this.#hubs.add(hub);
      },
      stop: () => {
        stopped = true;
        for (const record of own.values()) this.#delete(record);
        own.clear();
        this.#hubs.delete(hub);
        hub.close();
      },
      register: async (record, options = {}) => {
        check();
        this.#put(record, options);
        for (const node of record.nodes) own.set(key(record.name, node.id), withNode(record, node));
      },
      deregister: async (record) => {
        check();
        this.#delete(record);
        for (const { id } of record.nodes) own.delete(key(record.name, id));
      },
      get: async (service) => {
        check();
        return this.#records(service);
      },
      list: async () => {
        check();
        this.#expire();
        return this.#table.services();
      },
      watch: (options: WatchOptions = {}) => {
        check();
        return hub.watch(options);
      },
    };
  }

  #put(record: ServiceRecord, { ttlMs = DEFAULT_TTL_MS }: RegisterOptions): void {
    const expiresAt = ttlMs === 0 ? Infinity : performance.now() + ttlMs;
    this.#table.put(record, expiresAt);
    this.#expiry.schedule(expiresAt);
    this.#publish({ type: "put", service: record });
  }

  #delete(record: ServiceRecord): void {
    if (this.#table.delete(record)) this.#publish({ type: "delete", service: record });
  }

  #records(service: string | undefined): readonly ServiceRecord[] {
    this.#expire();
    return this.#table.records(service);
  }

  /** The timer may be late; an answer never is. */
  #expire(): void {
    for (const record of this.#table.expired(performance.now())) this.#delete(record);
  }

  #publish(event: RegistryEvent): void {
    for (const hub of this.#hubs) hub.publish(event);
  }
}

function key(service: string, nodeId: string): string {
  return JSON.stringify([service, nodeId]);
}
