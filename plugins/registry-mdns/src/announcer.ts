import type { Logger } from "@micro/core";
import { NodeExpiry, NodeTable, type ServiceRecord, unavailable } from "@micro/registry";
import type { Packet } from "dns-packet";
import { announcement, type Entry } from "./packets.ts";

/** Pauses after the first announcement (captured from Go: at 0, 1 and 3 s; spec 3.2). */
const BURST_MS = [1000, 2000] as const;

/** Options of an {@link Announcer}. */
export interface AnnouncerOptions {
  readonly send: (makePacket: () => Packet) => Promise<void>;
  /** Pause between announcements after the first three. */
  readonly intervalMs: number;
  /** The entry of a service in the list of names. */
  readonly listEntry: (service: string) => Entry;
  /** A node was not registered again in time and is taken back. */
  readonly onExpired: (record: ServiceRecord) => void;
  readonly logger: Logger;
}

interface Own {
  readonly entry: Entry;
  timer: NodeJS.Timeout | undefined;
  told: boolean;
}

/** The nodes of this process: what is answered for them, announced again and again, and said goodbye to. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #nodes = new NodeTable();
  readonly #expiry = new NodeExpiry(this.#nodes, (records) => this.#expire(records));
  readonly #own = new Map<string, Own>();
  readonly #lists = new Map<string, Entry>();
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Records of our nodes. */
  records(service?: string): readonly ServiceRecord[] {
    return this.#nodes.records(service);
  }

  has(service: string, nodeId: string): boolean {
    return this.#nodes.has(service, nodeId);
  }

  /** Names of services with nodes here. */
  services(): readonly string[] {
    return this.#nodes.services();
  }

  /** Everything that answers questions. */
  *entries(): Iterable<Entry> {
    for (const { entry } of this.#own.values()) yield entry;
    yield* this.#lists.values();
  }

  /** Adds or refreshes the one node of `record`; `told` is its first announcement. Throws `UNAVAILABLE` after `stop`. */
  put(
    record: ServiceRecord,
    entry: Entry,
    expiresAt: number,
  ): { readonly changed: boolean; readonly told: Promise<void> } {
    // A registration may still be looking up its host when the registry stops.
    if (this.#stopped) throw unavailable("registry 'mdns' is stopped");
    const changed = this.#nodes.put(record, expiresAt);
    this.#expiry.schedule(expiresAt);
    const before = this.#own.get(entry.instance);
    if (!changed && before?.told === true) return { changed, told: Promise.resolve() };
    clearTimeout(before?.timer);
    const own: Own = { entry, timer: undefined, told: false };
    this.#own.set(entry.instance, own);
    if (!this.#lists.has(record.name)) this.#lists.set(record.name, this.#options.listEntry(record.name));
    return { changed, told: this.#announce(own, 0) };
  }

  /** Takes one node back, if it is ours; `told` is its goodbye. */
  remove(record: ServiceRecord, instance: string): { readonly known: boolean; readonly told: Promise<void> } {
    const known = this.#nodes.delete(record);
    const own = this.#own.get(instance);
    if (!known || own === undefined) return { known, told: Promise.resolve() };
    this.#own.delete(instance);
    clearTimeout(own.timer);
    if (this.#nodes.records(record.name).length === 0) this.#lists.delete(record.name);
    return { known, told: this.#options.send(() => announcement(own.entry, { goodbye: true })) };
  }

  /** Announces all anew: who is reached by an interface that just came has not heard of us. */
  again(): void {
    for (const own of this.#own.values()) {
      clearTimeout(own.timer);
      void this.#repeat(own, 0);
    }
  }

  /** Forgets all nodes at once and says goodbye to each; resolves when that is sent. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#expiry.stop();
    this.#nodes.clear();
    this.#lists.clear();
    const owned = [...this.#own.values()];
    this.#own.clear();
    for (const own of owned) clearTimeout(own.timer);
    const sent = await Promise.allSettled(
      owned.map(({ entry }) => this.#options.send(() => announcement(entry, { goodbye: true }))),
    );
    for (const result of sent) {
      if (result.status === "rejected") {
        this.#options.logger.debug("mdns: a goodbye was not sent", { error: result.reason });
      }
    }
  }

  async #announce(own: Own, step: number): Promise<void> {
    // Armed before the first is sent: where the network is down now, a later one tells.
    const pause = BURST_MS[step] ?? this.#options.intervalMs * (0.9 + Math.random() * 0.2);
    own.timer = setTimeout(() => void this.#repeat(own, step + 1), pause).unref();
    await this.#options.send(() => announcement(own.entry, { goodbye: false }));
    own.told = true;
  }

  async #repeat(own: Own, step: number): Promise<void> {
    try {
      await this.#announce(own, step);
    } catch (error) {
      this.#options.logger.debug("mdns: an announcement was not sent", { error });
    }
  }

  #expire(records: readonly ServiceRecord[]): void {
    for (const record of records) this.#options.onExpired(record);
  }
}
