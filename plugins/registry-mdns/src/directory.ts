import type { Logger } from "@micro/core";
import {
  type Attendance,
  mergeRecords,
  NodeExpiry,
  NodeTable,
  type RegistryEvent,
  type ServiceRecord,
  WatchHub,
  type WatchOptions,
} from "@micro/registry";
import type { Packet } from "dns-packet";
import { Inquiries, type InquiryOptions } from "./inquiries.ts";
import { type Found, readNodes } from "./packets.ts";

/** Options of a {@link Directory}. */
export interface DirectoryOptions extends InquiryOptions {
  /** Nodes of this process, which are never asked for and never expire here. */
  readonly own: {
    records(service?: string): readonly ServiceRecord[];
    services(): readonly string[];
    has(service: string, nodeId: string): boolean;
  };
  /** How often watched services are asked for again. */
  readonly refreshIntervalMs: number;
  readonly maxRecordSize: number;
  readonly logger: Logger;
}

/** A service name alone is an answer to the question for all: more names than this are not looked up at once. */
const LOOKUPS_AT_ONCE = 32;
/** So many answers at once may have filled the buffer of the socket, and some were lost. */
const MANY_ANSWERS = 100;
/** How long an answer may have been on its way. */
const PARTED_MS = 1000;
const MAX_PARTED = 1024;

/** Somebody watches this service, or all. */
interface Scope {
  watchers: number;
  /** The first look around. */
  ready: Promise<void> | undefined;
}

/** What other processes told: asks, collects answers, and keeps what watchers want to know up to date. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #table = new NodeTable();
  readonly #expiry = new NodeExpiry(this.#table, (records) => this.#doubt(records));
  readonly #hub = new WatchHub({ snapshot: (service) => this.#snapshot(service) });
  readonly #scopes = new Map<string | undefined, Scope>();
  readonly #inquiries: Inquiries;
  /** Nodes that were silent for long and are being asked for, as service and id. */
  readonly #doubted = new Set<string>();
  #closed = false;
  /** Nodes that said goodbye: what they said before may be read after it, as it comes by another socket. */
  readonly #parted = new Map<string, { readonly at: number; readonly own: boolean }>();
  #refreshing: NodeJS.Timeout | undefined;
  #count = 0;
  #full = false;
  #cut = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#inquiries = new Inquiries(options);
  }

  /** Takes in an answer or an announcement. */
  receive(packet: Packet): void {
    const { domain, maxRecordSize, own, logger } = this.#options;
    const onMalformed = (instance: string, error: unknown): void => {
      logger.debug("mdns: a record could not be read", { instance, error });
    };
    const isAnswer = (packet.questions ?? []).length > 0;
    for (const found of readNodes(packet, { domain, maxRecordSize, onMalformed })) {
      const { record, node } = found;
      // Our own announcements come back, and we know better.
      if (own.has(record.name, node.id)) continue;
      if (this.#hasParted(record, isAnswer)) continue;
      if (found.gone) this.#part(record, { own: false });
      if (!this.#inquiries.hear(found)) this.#overflow();
      if (this.#wanted(record.name)) this.#learn(found);
    }
    this.#inquiries.hearNames(packet);
  }

  /**
   * Asks who offers `service`; ours are among them. `onFound` is told of others as they answer, of ours at once. Rejects
   * when nobody can be asked.
   */
  async lookup(
    service: string,
    onFound?: (record: ServiceRecord) => void,
  ): Promise<readonly ServiceRecord[]> {
    const { own } = this.#options;
    if (onFound !== undefined) for (const record of own.records(service)) onFound(record);
    const complete = (ids: ReadonlyMap<string, unknown>): boolean => {
      const expected = this.#table.records(service).flatMap((record) => record.nodes);
      if (ids.size === 0 && own.records(service).length === 0) return false;
      if (ids.size >= MANY_ANSWERS && expected.length === 0) return false;
      return expected.every(({ id }) => ids.has(id));
    };
    const found = await this.#inquiries.nodes(service, { complete, onFound });
    return mergeRecords([...found, ...own.records(service)]);
  }

  /** Asks for the names of all services, sorted; ours are among them. Rejects when nobody can be asked. */
  async names(): Promise<readonly string[]> {
    const own = this.#options.own.services();
    const found = await this.#inquiries.names(own.length === 0);
    return [...new Set([...found, ...this.#options.own.services()])].sort();
  }

  /** Events for readers; each loop is a watcher of its own and looks around first. */
  watch(options: WatchOptions): AsyncIterable<RegistryEvent> {
    return this.#hub.watch(options, () => this.#enter(options.service));
  }

  /** Tells watchers of what happened to a node of this process. */
  publish(event: RegistryEvent): void {
    if (event.type === "delete") this.#part(event.service, { own: true });
    this.#hub.publish(event);
  }

  /** Ends watchers and questions. */
  close(): void {
    this.#closed = true;
    this.#inquiries.close();
    clearTimeout(this.#refreshing);
    this.#refreshing = undefined;
    this.#expiry.stop();
    this.#hub.close();
    this.#scopes.clear();
    this.#table.clear();
  }

  #snapshot(service: string | undefined): readonly ServiceRecord[] {
    return mergeRecords([...this.#table.records(service), ...this.#options.own.records(service)]);
  }

  #wanted(service: string): boolean {
    return this.#scopes.has(undefined) || this.#scopes.has(service);
  }

  #learn({ record, node, gone }: Found): void {
    const known = this.#table.has(record.name, node.id);
    if (gone) {
      if (known) this.#forget(record);
      return;
    }
    if (!known && this.#count >= this.#options.maxNodes) {
      this.#overflow();
      return;
    }
    this.#doubted.delete(keyOf(record));
    // A node answers each refresh: whoever was silent for one and a half is doubted.
    const changed = this.#keep(record, this.#options.refreshIntervalMs * 1.5);
    if (!known) this.#count += 1;
    if (changed) this.#hub.publish({ type: "put", service: record });
  }

  #keep(record: ServiceRecord, forMs: number): boolean {
    const expiresAt = performance.now() + forMs;
    const changed = this.#table.put(record, expiresAt);
    this.#expiry.schedule(expiresAt);
    return changed;
  }

  #forget(record: ServiceRecord): void {
    this.#doubted.delete(keyOf(record));
    if (!this.#table.delete(record)) return;
    this.#count -= record.nodes.length;
    this.#hub.publish({ type: "delete", service: record });
  }

  #part(record: ServiceRecord, { own }: { readonly own: boolean }): void {
    if (this.#parted.size >= MAX_PARTED) this.#parted.clear();
    this.#parted.set(keyOf(record), { at: performance.now(), own });
  }

  /** Others may come back at once by an announcement; of ours everything that comes back is an echo. */
  #hasParted(record: ServiceRecord, isAnswer: boolean): boolean {
    const parted = this.#parted.get(keyOf(record));
    return parted !== undefined && performance.now() - parted.at < PARTED_MS && (isAnswer || parted.own);
  }

  #overflow(): void {
    if (this.#full) return;
    this.#full = true;
    this.#options.logger.warn("mdns: more nodes than max_nodes allows; the rest is not seen", {
      max_nodes: this.#options.maxNodes,
    });
  }

  /** Go never announces again, and silence alone does not mean dead: nodes are asked before they are deleted. */
  #doubt(records: readonly ServiceRecord[]): void {
    const silent = new Map<string, string[]>();
    for (const record of records) {
      const key = keyOf(record);
      if (this.#doubted.has(key)) {
        this.#forget(record);
        continue;
      }
      this.#doubted.add(key);
      this.#keep(record, this.#inquiries.longestMs + 500);
      const keys = silent.get(record.name);
      if (keys === undefined) silent.set(record.name, [key]);
      else keys.push(key);
    }
    for (const [service, keys] of silent) {
      void this.#look(async () => {
        try {
          await this.lookup(service);
        } catch (error) {
          // Nobody could be asked: they are doubted anew when their time is over again.
          for (const key of keys) this.#doubted.delete(key);
          throw error;
        }
      });
    }
  }

  /** Counts a watcher in, and out when it leaves. */
  #enter(service: string | undefined): Attendance {
    const scope = this.#scopes.get(service) ?? { watchers: 0, ready: undefined };
    this.#scopes.set(service, scope);
    scope.watchers += 1;
    if (scope.ready === undefined) {
      scope.ready = this.#sync(service);
      scope.ready.catch(() => {
        scope.ready = undefined;
      });
    }
    this.#schedule();
    return { ready: scope.ready, leave: () => this.#leave(service, scope) };
  }

  #leave(service: string | undefined, scope: Scope): void {
    scope.watchers -= 1;
    if (scope.watchers > 0 || this.#scopes.get(service) !== scope) return;
    this.#scopes.delete(service);
    for (const name of service === undefined ? this.#table.services() : [service]) {
      if (this.#wanted(name)) continue;
      for (const record of this.#table.records(name)) {
        this.#count -= record.nodes.length;
        for (const node of record.nodes) this.#doubted.delete(keyOf({ ...record, nodes: [node] }));
      }
      this.#table.replace([], name);
    }
    this.#schedule();
  }

  async #sync(service: string | undefined): Promise<void> {
    const names = service === undefined ? [...(await this.names())] : [service];
    const worker = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await this.lookup(name);
    };
    await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, worker));
  }

  #schedule(): void {
    if (this.#scopes.size === 0) {
      clearTimeout(this.#refreshing);
      this.#refreshing = undefined;
    } else if (this.#refreshing === undefined && !this.#closed) {
      const pause = this.#options.refreshIntervalMs * (0.9 + Math.random() * 0.2);
      this.#refreshing = setTimeout(() => {
        void this.#refresh();
      }, pause).unref();
    }
  }

  async #refresh(): Promise<void> {
    const scopes = this.#scopes.has(undefined) ? [undefined] : [...this.#scopes.keys()];
    await this.#look(async () => {
      for (const scope of scopes) await this.#sync(scope);
    });
    this.#refreshing = undefined;
    this.#schedule();
  }

  /** Looks around in the background. An outage is logged once, and watchers get a snapshot when it is over. */
  async #look(around: () => Promise<void>): Promise<void> {
    try {
      await around();
      if (this.#cut) this.#hub.resync();
      this.#cut = false;
    } catch (error) {
      if (this.#closed) return;
      const level = this.#cut ? "debug" : "warn";
      this.#options.logger.log(level, "mdns: other processes cannot be asked; what was known stays", {
        error,
      });
      this.#cut = true;
    }
  }
}

/** Service and id of the one node of `record`. */
function keyOf(record: ServiceRecord): string {
  return JSON.stringify([record.name, record.nodes[0]?.id]);
}
