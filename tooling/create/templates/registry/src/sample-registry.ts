import {
  DEFAULT_TTL_MS,
  type RegisterOptions,
  type RegistryBackend,
  type RegistryEvent,
  type ServiceRecord,
  unavailable,
  WatchHub,
  type WatchOptions,
  withNode,
} from "@micro/registry";
import type { SampleClient } from "./sample-client.ts";

/** The sample registry: who runs where. "Nobody there" is an empty list, "cannot ask" is `UNAVAILABLE`. */
export class SampleRegistry implements RegistryBackend {
  readonly name = "sample";
  readonly #client: SampleClient;
  readonly #hub: WatchHub;
  /** What was registered here and goes with `stop`: by service and node. */
  readonly #own = new Map<string, ServiceRecord>();
  #unsubscribe: (() => void) | undefined;
  #stopped = false;

  constructor(client: SampleClient) {
    this.#client = client;
    this.#hub = new WatchHub({ snapshot: (service) => client.records(service) });
  }

  start(): void {
    this.#stopped = false;
    this.#unsubscribe ??= this.#client.onChange((event) => this.#hub.publish(event));
  }

  stop(): void {
    this.#stopped = true;
    for (const record of this.#own.values()) this.#client.delete(record);
    this.#own.clear();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#hub.close();
  }

  async register(record: ServiceRecord, { ttlMs = DEFAULT_TTL_MS }: RegisterOptions = {}): Promise<void> {
    this.#check();
    this.#client.put(record, ttlMs === 0 ? Infinity : performance.now() + ttlMs);
    for (const node of record.nodes) this.#own.set(key(record.name, node.id), withNode(record, node));
  }

  async deregister(record: ServiceRecord): Promise<void> {
    this.#check();
    this.#client.delete(record);
    for (const { id } of record.nodes) this.#own.delete(key(record.name, id));
  }

  async get(service: string): Promise<readonly ServiceRecord[]> {
    this.#check();
    return this.#client.records(service);
  }

  async list(): Promise<readonly string[]> {
    this.#check();
    return this.#client.services();
  }

  watch(options: WatchOptions = {}): AsyncIterable<RegistryEvent> {
    this.#check();
    return this.#hub.watch(options);
  }

  #check(): void {
    if (this.#stopped) throw unavailable("registry 'sample' is stopped");
  }
}

const key = (service: string, nodeId: string): string => JSON.stringify([service, nodeId]);
