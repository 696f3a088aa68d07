import { MicroError } from "@micro/core";
import { CachedService, type CacheRules } from "./cached-service.ts";
import { type CallBounds, callWithin, REGISTRY_ERROR_ID, unavailable } from "./call-within.ts";
import { keepWatching } from "./keep-watching.ts";
import type { ServiceRecord } from "./model.ts";
import type {
  GetOptions,
  RegisterOptions,
  Registry,
  RegistryBackend,
  RegistryCallOptions,
  RegistryEvent,
  Snapshot,
  SnapshotOptions,
  WatchOptions,
} from "./registry.ts";

/** Options of {@link createCachedRegistry}. */
export interface CachedRegistryOptions {
  /** How long an answer is used without asking again, in ms. */
  readonly cacheTtl: number;
  /** How long "nobody there" is believed, in ms. */
  readonly cacheNegativeTtl: number;
  /** Services kept and watched at a time; beyond that the one not used for longest is dropped. @default 1000 */
  readonly cacheServices?: number;
  /** Told what went wrong in the background: a renewal or a watch. The snapshots say it too, as `stale`. Must not throw. */
  readonly onError?: (error: MicroError) => void;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

/**
 * The caching layer in front of every registry plugin: answers from memory, one question at a time per service,
 * a watch per service that was asked for, and the last good answer when the plugin cannot ask.
 */
export function createCachedRegistry(backend: RegistryBackend, options: CachedRegistryOptions): Registry {
  return new CachedRegistry(backend, options);
}

class CachedRegistry implements Registry {
  readonly name: string;
  readonly #backend: RegistryBackend;
  readonly #limit: number;
  readonly #onError: (error: MicroError) => void;
  readonly #rules: CacheRules;
  readonly #services = new Map<string, CachedService>();
  readonly #watches = new Set<Promise<void>>();
  #stopping = new AbortController();
  #started = false;
  #version = 0;
  /** Counts the services that came: what makes one the least recently used. */
  #round = 0;

  constructor(backend: RegistryBackend, options: CachedRegistryOptions) {
    this.name = backend.name;
    this.#backend = backend;
    this.#limit = options.cacheServices ?? 1000;
    this.#onError = options.onError ?? (() => undefined);
    this.#rules = {
      ttlMs: options.cacheTtl,
      negativeTtlMs: options.cacheNegativeTtl,
      random: options.random ?? Math.random,
      nextVersion: () => {
        this.#version += 1;
        return this.#version;
      },
    };
  }

  async start(options: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
    await this.#backend.start?.(options);
    this.#started = true;
    for (const entry of this.#services.values()) this.#watch(entry);
  }

  async drain(options: { readonly graceMs: number }): Promise<void> {
    await this.#backend.drain?.(options);
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    this.#started = false;
    this.#stopping.abort(unavailable(`registry '${this.name}' is stopped`));
    for (const entry of this.#services.values()) entry.close();
    this.#services.clear();
    try {
      await this.#backend.stop?.(options);
    } finally {
      const ended = Promise.all(this.#watches);
      const grace = { timeoutMs: Math.max(options.graceMs, 100) };
      await callWithin(`registry '${this.name}': ending its watches`, grace, () => ended);
    }
  }

  peek(service: string): Snapshot | undefined {
    const entry = this.#services.get(service);
    if (entry === undefined || !entry.known) return undefined;
    entry.lastUsed = this.#round;
    if (entry.due && entry.flight === undefined) void this.#ask(entry);
    if (entry.stale ? entry.empty : !entry.fresh) return undefined;
    return entry.current();
  }

  async snapshot(service: string, options: SnapshotOptions = {}): Promise<Snapshot> {
    const what = `registry '${this.name}', service '${service}'`;
    this.#check(what);
    const cached = this.peek(service);
    if (cached !== undefined) return cached;
    const entry = this.#entry(service);
    const flight = entry.flight ?? this.#ask(entry);
    let answer: MicroError | Snapshot | undefined;
    try {
      answer = await callWithin(what, options, ({ signal }) => {
        const first = options.enough && entry.until(options.enough, signal);
        return Promise.race(first === undefined ? [flight] : [flight, first]);
      });
    } catch (error) {
      if (!MicroError.is(error) || error.code === "CANCELLED") throw error;
      // This caller cannot wait longer; the question goes on for the next one.
      answer = error;
      entry.overdue();
    }
    this.#check(what);
    if (!MicroError.is(answer)) return answer ?? entry.current();
    if (entry.known && !entry.empty) return entry.current();
    throw answer;
  }

  evict(service: string, nodeId: string): void {
    this.#services.get(service)?.evict(nodeId);
  }

  async register(record: ServiceRecord, options: RegisterOptions = {}): Promise<void> {
    const what = `registry '${this.name}': registering '${record.name}'`;
    this.#check(what);
    checkRecord(what, record);
    await this.#call(what, options, (bounds) => this.#backend.register(record, { ...options, ...bounds }));
    this.#services.get(record.name)?.put(record);
  }

  async deregister(record: ServiceRecord, options: RegistryCallOptions = {}): Promise<void> {
    const what = `registry '${this.name}': deregistering '${record.name}'`;
    this.#check(what);
    checkRecord(what, record);
    this.#services.get(record.name)?.delete(record);
    await this.#call(what, options, (bounds) => this.#backend.deregister(record, bounds));
    // Once more: the registry may have told of it as long as it was not done.
    this.#services.get(record.name)?.delete(record);
  }

  async get(service: string, options: GetOptions = {}): Promise<readonly ServiceRecord[]> {
    const what = `registry '${this.name}', service '${service}'`;
    this.#check(what);
    return await this.#call(what, options, (bounds) => this.#backend.get(service, { ...options, ...bounds }));
  }

  async list(options: RegistryCallOptions = {}): Promise<readonly string[]> {
    const what = `registry '${this.name}': listing services`;
    this.#check(what);
    return await this.#call(what, options, (bounds) => this.#backend.list(bounds));
  }

  watch(options: WatchOptions = {}): AsyncIterable<RegistryEvent> {
    this.#check(`registry '${this.name}': watching`);
    return this.#backend.watch(options);
  }

  #check(what: string): void {
    if (this.#stopping.signal.aborted) {
      throw unavailable(`${what}: the registry is stopped, and with it its service: nothing can be asked`);
    }
  }

  /** Bounded by the caller's limits, and ended by `stop` whatever the plugin does. */
  async #call<T>(
    what: string,
    options: RegistryCallOptions,
    run: (bounds: CallBounds) => Promise<T>,
  ): Promise<T> {
    try {
      return await callWithin(what, options, run);
    } catch (error) {
      if (MicroError.is(error)) throw error;
      throw unavailable(`${what}: ${MicroError.from(error).detail}`, error);
    }
  }

  #entry(service: string): CachedService {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    if (this.#services.size >= this.#limit) this.#dropOne();
    const entry = new CachedService(service, this.#round, this.#rules);
    this.#round += 1;
    this.#services.set(service, entry);
    return entry;
  }

  #dropOne(): void {
    let oldest: CachedService | undefined;
    for (const entry of this.#services.values()) {
      if (oldest === undefined || entry.lastUsed < oldest.lastUsed) oldest = entry;
    }
    if (oldest === undefined) return;
    oldest.close();
    this.#services.delete(oldest.name);
  }

  #ask(entry: CachedService): Promise<MicroError | undefined> {
    entry.asking();
    entry.flight = this.#fetch(entry).finally(() => {
      entry.flight = undefined;
      this.#watch(entry);
    });
    return entry.flight;
  }

  /** Never rejects: it runs in the background as often as somebody waits for it. */
  async #fetch(entry: CachedService): Promise<MicroError | undefined> {
    const what = `registry '${this.name}', service '${entry.name}'`;
    const { signal } = this.#stopping;
    try {
      const onFound = (record: ServiceRecord): void => entry.found(record);
      const records = await callWithin(what, { signal }, (bounds) =>
        this.#backend.get(entry.name, { ...bounds, onFound }),
      );
      entry.answered(records);
      return undefined;
    } catch (error) {
      entry.failed();
      const detail = MicroError.from(error).detail;
      // The question may have reached the registry; the call it is for has reached nobody.
      const failure =
        MicroError.is(error) && error.code === "UNAVAILABLE" && error.notSent
          ? error
          : unavailable(`${what}: cannot be asked: ${detail}`, error);
      if (!signal.aborted) this.#onError(failure);
      return failure;
    }
  }

  #watch(entry: CachedService): void {
    const wanted = this.#started && this.#services.get(entry.name) === entry;
    if (!wanted || entry.watching !== undefined) return;
    entry.watching = new AbortController();
    const watch = keepWatching(this.#backend, {
      service: entry.name,
      signal: entry.watching.signal,
      random: this.#rules.random,
      onEvent: (event) => apply(entry, event),
      onError: this.#onError,
    }).finally(() => {
      entry.watching = undefined;
      this.#watches.delete(watch);
    });
    this.#watches.add(watch);
  }
}

function apply(entry: CachedService, event: RegistryEvent): void {
  switch (event.type) {
    case "snapshot":
      entry.reset(event.services);
      break;
    case "put":
      entry.put(event.service);
      break;
    case "delete":
      entry.delete(event.service);
      break;
  }
}

function checkRecord(what: string, record: ServiceRecord): void {
  const problem =
    record.name === ""
      ? "the service has no name"
      : record.nodes.length === 0
        ? "the record names no node"
        : record.nodes.some(({ id }) => id === "")
          ? "a node has no id"
          : undefined;
  if (problem === undefined) return;
  throw new MicroError({ code: "BAD_REQUEST", id: REGISTRY_ERROR_ID, detail: `${what}: ${problem}` });
}
