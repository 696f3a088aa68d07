import { NodeExpiry, NodeTable, type RegistryEvent, type ServiceRecord } from "@micro/registry";

/**
 * Stands in for the client library of sample: it keeps the records in this process. Replace it by a connection to
 * the real server, and keep these methods or change `SampleRegistry` with them.
 */
export class SampleClient {
  readonly #table = new NodeTable();
  readonly #listeners = new Set<(event: RegistryEvent) => void>();
  readonly #expiry = new NodeExpiry(this.#table, (gone) => {
    for (const record of gone) this.delete(record);
  });

  /** Keeps the nodes of `record` until `expiresAt`, a time of `performance.now()`. */
  put(record: ServiceRecord, expiresAt: number): void {
    this.#table.put(record, expiresAt);
    this.#expiry.schedule(expiresAt);
    this.#tell({ type: "put", service: record });
  }

  delete(record: ServiceRecord): void {
    if (this.#table.delete(record)) this.#tell({ type: "delete", service: record });
  }

  /** Records of one service, or of all. */
  records(service: string | undefined): readonly ServiceRecord[] {
    this.#expire();
    return this.#table.records(service);
  }

  services(): readonly string[] {
    this.#expire();
    return this.#table.services();
  }

  /** Calls `listener` for each change; returns how to stop that. */
  onChange(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #expire(): void {
    for (const record of this.#table.expired(performance.now())) this.delete(record);
  }

  #tell(event: RegistryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
