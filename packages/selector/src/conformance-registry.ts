import { MicroError } from "@micro/core";
import type { Registry, RegistryEvent, ServiceRecord, Snapshot } from "@micro/registry";

/** Fields of a node for {@link TestRegistry.set}. */
export interface TestNode {
  readonly id: string;
  /** @default "latest" */
  readonly version?: string;
  /** @default "<id>:80" */
  readonly address?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Endpoint names of its record; nodes of one version share them. @default unknown */
  readonly endpoints?: readonly string[];
}

/** A registry whose content a test decides, and that tells what it was asked. */
export class TestRegistry implements Registry {
  readonly name = "test";
  /** Nodes that were evicted, in order. */
  readonly evicted: string[] = [];
  /** Questions that were answered with a promise. */
  asked = 0;
  /** False makes `peek` know nothing. */
  cached = true;
  /** What `snapshot` rejects with. */
  error: Error | undefined;
  readonly #snapshots = new Map<string, Snapshot>();
  #version = 0;

  /** Says who runs `service`. */
  set(service: string, nodes: readonly TestNode[], options: { readonly stale?: boolean } = {}): void {
    const records = new Map<string, ServiceRecord>();
    for (const { id, version = "latest", address = `${id}:80`, metadata = {}, endpoints = [] } of nodes) {
      const before = records.get(version);
      records.set(version, {
        name: service,
        version,
        metadata: { record: version },
        endpoints:
          before?.endpoints ??
          endpoints.map((name) => ({ name, request: null, response: null, metadata: {} })),
        nodes: [...(before?.nodes ?? []), { id, address, metadata }],
      });
    }
    this.#put(service, [...records.values()], options.stale ?? false);
  }

  peek(service: string): Snapshot | undefined {
    return this.cached ? this.#snapshots.get(service) : undefined;
  }

  async snapshot(service: string): Promise<Snapshot> {
    this.asked++;
    if (this.error !== undefined) throw this.error;
    return this.#snapshots.get(service) ?? { service, records: [], version: 0, stale: false };
  }

  evict(service: string, nodeId: string): void {
    this.evicted.push(nodeId);
    const snapshot = this.#snapshots.get(service);
    if (snapshot === undefined) return;
    const records = snapshot.records.map((record) => ({
      ...record,
      nodes: record.nodes.filter(({ id }) => id !== nodeId),
    }));
    this.#put(
      service,
      records.filter(({ nodes }) => nodes.length > 0),
      snapshot.stale,
    );
  }

  async get(service: string): Promise<readonly ServiceRecord[]> {
    return this.#snapshots.get(service)?.records ?? [];
  }

  async list(): Promise<readonly string[]> {
    return [...this.#snapshots.keys()].sort();
  }

  register(): Promise<void> {
    return Promise.reject(readOnly());
  }

  deregister(): Promise<void> {
    return Promise.reject(readOnly());
  }

  async *watch(): AsyncIterable<RegistryEvent> {
    yield { type: "snapshot", services: [...this.#snapshots.values()].flatMap(({ records }) => records) };
  }

  #put(service: string, records: readonly ServiceRecord[], stale: boolean): void {
    this.#snapshots.set(service, { service, records, version: ++this.#version, stale });
  }
}

const readOnly = (): MicroError =>
  new MicroError({ code: "UNIMPLEMENTED", detail: "a TestRegistry is filled with set()" });
