import type { Logger } from "@micro/core";
import {
  type Attendance,
  type GetOptions,
  mergeRecords,
  NodeExpiry,
  NodeTable,
  type RegistryEvent,
  type ServiceRecord,
  WatchHub,
  type WatchOptions,
  withNode,
} from "@micro/registry";
import type { AskOptions, Inquiry } from "./inquiry.ts";
import type { Told } from "./wire.ts";

/** What a {@link Directory} is made of. */
export interface DirectoryOptions {
  readonly inquiry: Inquiry;
  /** Nodes of this process: what others say of them does not count. */
  readonly own: NodeTable;
  /** The instance that this is: what comes back to it is an echo. */
  readonly from: string;
  readonly refreshInterval: number;
  readonly maxNodes: number;
  /** False during an outage and shortly after it: who is silent then may not be connected again yet. */
  readonly settled: () => boolean;
  readonly logger: Logger;
}

/** Bounds of one question. */
export type LookupBounds = Pick<AskOptions, "timeoutMs" | "signal">;

interface Scope {
  watchers: number;
  ready: Promise<void>;
}

/** Bound of a question in the background, in ms. */
const BACKGROUND_MS = 5000;
/** A node is not forgotten while nobody could tell of it; its time is looked at again after this, in ms. */
const POSTPONED_MS = 1000;

/** What other processes told: asks, and keeps what watchers want to know up to date. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #table = new NodeTable();
  readonly #expiry = new NodeExpiry(this.#table, (records) => this.#expire(records));
  readonly #hub = new WatchHub({ snapshot: (service) => this.#snapshot(service) });
  /** Watched services; undefined is all. */
  readonly #scopes = new Map<string | undefined, Scope>();
  /** Nodes that were heard of, as service and id: when. */
  readonly #heard = new Map<string, number>();
  readonly #stopping = new AbortController();
  #refreshing: NodeJS.Timeout | undefined;
  #full = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** Takes in what a process told by itself. */
  told(told: Told): void {
    if (this.#wanted(told.record.name)) this.#learn(told);
  }

  /**
   * Asks who offers `service`; ours are among them. `onFound` is told of others as they answer, of ours at once. Rejects
   * when nobody can be asked.
   */
  async lookup(
    service: string,
    { onFound, ...bounds }: LookupBounds & { readonly onFound?: GetOptions["onFound"] | undefined },
  ): Promise<readonly ServiceRecord[]> {
    const { own, settled } = this.#options;
    if (onFound !== undefined) for (const record of own.records(service)) onFound(record);
    const onAnswer = (told: Told): void => {
      if (this.#answers(told, service)) onFound?.(told.record);
    };
    const found = await this.#ask(service, { ...bounds, onAnswer });
    // Right after an outage not everybody is back who was there before it.
    const before = settled() ? [] : this.#table.records(service);
    return mergeRecords([...before, ...found.map(({ record }) => record), ...own.records(service)]);
  }

  /** Asks for the names of all services, sorted; ours are among them. Rejects when nobody can be asked. */
  async names(bounds: LookupBounds): Promise<readonly string[]> {
    const found = await this.#ask(undefined, bounds);
    const names = [...found.map(({ record }) => record.name), ...this.#options.own.services()];
    return [...new Set(names)].sort();
  }

  /** Events for readers; each loop is a watcher of its own and looks around first. */
  watch(options: WatchOptions): AsyncIterable<RegistryEvent> {
    return this.#hub.watch(options, () => this.#enter(options.service));
  }

  /** Tells watchers of what happened to a node of this process. */
  publish(event: RegistryEvent): void {
    this.#hub.publish(event);
  }

  /** The connection is back: asks for all that is watched, and gives watchers a snapshot then. */
  again(): void {
    void this.#refresh().then(() => this.#hub.resync());
  }

  /** Ends watchers and questions. */
  close(): void {
    this.#stopping.abort();
    clearTimeout(this.#refreshing);
    this.#expiry.stop();
    this.#hub.close();
    this.#scopes.clear();
    this.#table.clear();
    this.#heard.clear();
  }

  /** Answers of others. */
  async #ask(
    service: string | undefined,
    bounds: LookupBounds & Pick<AskOptions, "onAnswer">,
  ): Promise<readonly Told[]> {
    const { inquiry } = this.#options;
    const expected = (): readonly ServiceRecord[] => this.#table.records(service);
    const answers = await inquiry.ask(
      { service },
      {
        ...bounds,
        incomplete: (ids) => expected().some(({ nodes }) => nodes.some(({ id }) => !ids.has(id))),
      },
    );
    return answers.filter((told) => this.#answers(told, service));
  }

  /** Whether this is another's answer to the question for `service`, or for all. */
  #answers({ from, record }: Told, service: string | undefined): boolean {
    return from !== this.#options.from && (service === undefined || record.name === service);
  }

  #snapshot(service: string | undefined): readonly ServiceRecord[] {
    return mergeRecords([...this.#table.records(service), ...this.#options.own.records(service)]);
  }

  #wanted(service: string): boolean {
    return this.#scopes.has(undefined) || this.#scopes.has(service);
  }

  #learn({ record, gone, from, ttlMs }: Told): void {
    const { own, maxNodes, logger } = this.#options;
    if (from === this.#options.from) return;
    if (gone) {
      this.#forget(record);
      return;
    }
    const expiresAt = ttlMs === undefined ? Infinity : performance.now() + ttlMs;
    for (const node of record.nodes) {
      if (own.has(record.name, node.id)) continue;
      const one = withNode(record, node);
      const key = keyOf(record.name, node.id);
      if (!this.#heard.has(key) && this.#heard.size >= maxNodes) {
        if (!this.#full) {
          logger.warn("nats: more nodes than max_nodes allows; the rest is not seen", {
            max_nodes: maxNodes,
          });
        }
        this.#full = true;
        continue;
      }
      this.#heard.set(key, performance.now());
      if (this.#table.put(one, expiresAt)) this.#hub.publish({ type: "put", service: one });
      this.#expiry.schedule(expiresAt);
    }
  }

  #forget(record: ServiceRecord): void {
    // A node that goes is named; nothing that names none may empty a whole service.
    if (record.nodes.length === 0 || !this.#table.delete(record)) return;
    for (const { id } of record.nodes) this.#heard.delete(keyOf(record.name, id));
    const taken = record.nodes.some(({ id }) => this.#options.own.has(record.name, id));
    // Somebody had a node of this id before us.
    if (!taken) this.#hub.publish({ type: "delete", service: record });
  }

  /** Nodes of ours that were not registered again in time. */
  #expire(records: readonly ServiceRecord[]): void {
    const settled = this.#options.settled();
    for (const record of records) {
      if (settled) this.#forget(record);
      else this.#table.put(record, performance.now() + POSTPONED_MS);
    }
  }

  /** Counts a watcher in, and out when it leaves; undefined once closed. */
  #enter(service: string | undefined): Attendance | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    let scope = this.#scopes.get(service);
    if (scope === undefined) {
      const made: Scope = { watchers: 0, ready: Promise.resolve() };
      this.#scopes.set(service, made);
      // A watcher that could not look around fails, and the next one looks again.
      made.ready = this.#sync(service).catch((error: unknown) => {
        if (this.#scopes.get(service) === made) this.#scopes.delete(service);
        throw error;
      });
      made.ready.catch(() => undefined);
      scope = made;
    }
    const entered = scope;
    entered.watchers++;
    this.#schedule();
    return { ready: entered.ready, leave: () => this.#leave(service, entered) };
  }

  #leave(service: string | undefined, scope: Scope): void {
    scope.watchers--;
    if (scope.watchers > 0 || this.#scopes.get(service) !== scope) return;
    this.#scopes.delete(service);
    for (const record of this.#table.records(service)) {
      if (this.#wanted(record.name)) continue;
      for (const { id } of record.nodes) this.#heard.delete(keyOf(record.name, id));
      this.#table.delete(record);
    }
  }

  /** Asks for a scope, and once more for those who were silent before they are forgotten: Go has no ttl (spec 4.1). */
  async #sync(service: string | undefined): Promise<void> {
    const bounds = { timeoutMs: BACKGROUND_MS, signal: this.#stopping.signal };
    const began = performance.now();
    for (let round = 1; round <= 2; round++) {
      for (const told of await this.#ask(service, bounds)) this.told(told);
      const silent = this.#table
        .records(service)
        .flatMap((record) => record.nodes.map((node) => withNode(record, node)))
        .filter(({ name, nodes }) => (this.#heard.get(keyOf(name, nodes[0]?.id ?? "")) ?? 0) < began);
      if (silent.length === 0 || this.#stopping.signal.aborted) return;
      if (round === 2 && this.#options.settled()) for (const record of silent) this.#forget(record);
    }
  }

  #schedule(): void {
    if (this.#refreshing !== undefined || this.#scopes.size === 0 || this.#stopping.signal.aborted) return;
    const pause = this.#options.refreshInterval * (0.9 + Math.random() * 0.2);
    this.#refreshing = setTimeout(() => void this.#refresh(), pause).unref();
  }

  /** Never rejects: an outage is told by the connection, and what was known stays. */
  async #refresh(): Promise<void> {
    const scopes = this.#scopes.has(undefined) ? [undefined] : [...this.#scopes.keys()];
    try {
      for (const scope of scopes) await this.#sync(scope);
    } catch (error) {
      this.#options.logger.debug("nats: other processes cannot be asked; what was known stays", { error });
    }
    clearTimeout(this.#refreshing);
    this.#refreshing = undefined;
    this.#schedule();
  }
}

function keyOf(service: string, id: string): string {
  return JSON.stringify([service, id]);
}
