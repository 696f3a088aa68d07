import type { ServiceRecord } from "./model.ts";
import { copyRecord } from "./records.ts";
import type { RegistryEvent, WatchOptions } from "./registry.ts";

/** Options of a {@link WatchHub}. */
export interface WatchHubOptions {
  /** All that is known now, of one service where it is given: `(service) => table.records(service)`. */
  readonly snapshot: (service: string | undefined) => readonly ServiceRecord[];
  /** Events held for one slow watcher; beyond that it gets a fresh snapshot instead. @default 1024 */
  readonly capacity?: number;
}

/** What holds for one reader, from its beginning to its end. */
export interface Attendance {
  /** The first snapshot waits for it; the loop fails with its reason when it rejects. */
  readonly ready?: Promise<unknown>;
  /** Called once, when the reader has ended for whatever reason. */
  readonly leave?: () => void;
}

/**
 * Watchers of one registry. Each gets a snapshot first and then what is published. A watcher that does not keep up
 * loses its queue and gets a snapshot of that moment: memory is bounded and nothing is missed.
 */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  readonly #snapshot: WatchHubOptions["snapshot"];
  readonly #capacity: number;

  constructor(options: WatchHubOptions) {
    this.#snapshot = options.snapshot;
    this.#capacity = options.capacity ?? 1024;
  }

  /** Watchers that read now. */
  get size(): number {
    return this.#watchers.size;
  }

  /**
   * Events for one reader; each loop over it is a watcher of its own. `enter` is called as a loop begins, unless `signal`
   * is aborted already; a loop for which it returns undefined ends at once. Ends by `signal`, by `close`, or when the
   * reader leaves.
   */
  watch(
    options: WatchOptions = {},
    enter: () => Attendance | undefined = noConditions,
  ): AsyncIterable<RegistryEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        const attendance = options.signal?.aborted ? undefined : enter();
        const watcher: Watcher = new Watcher({
          take: () => ({ type: "snapshot", services: this.#snapshot(options.service) }),
          capacity: this.#capacity,
          onEnd: () => {
            this.#watchers.delete(watcher);
            attendance?.leave?.();
          },
          service: options.service,
          signal: options.signal,
        });
        this.#watchers.add(watcher);
        if (attendance === undefined) watcher.end();
        else watcher.begin(attendance.ready);
        return watcher;
      },
    };
  }

  /** Tells watchers; what `snapshot` returns must say the same already. */
  publish(event: RegistryEvent): void {
    if (event.type === "snapshot") {
      this.resync();
      return;
    }
    if (this.#watchers.size === 0) return;
    const copy: RegistryEvent = { type: event.type, service: copyRecord(event.service) };
    for (const watcher of this.#watchers) watcher.push(copy);
  }

  /** Gives every watcher a snapshot next: after a loss of connection. */
  resync(): void {
    for (const watcher of this.#watchers) watcher.resync();
  }

  /** Ends all watchers there are. */
  close(): void {
    for (const watcher of this.#watchers) watcher.end();
  }
}

const noConditions = (): Attendance => ({});

type Result = IteratorResult<RegistryEvent, undefined>;

interface WatcherOptions {
  readonly take: () => RegistryEvent;
  readonly capacity: number;
  readonly onEnd: () => void;
  readonly service: string | undefined;
  readonly signal: AbortSignal | undefined;
}

class Watcher implements AsyncIterator<RegistryEvent, undefined> {
  readonly #options: WatcherOptions;
  readonly #end = () => this.end();
  #queue: RegistryEvent[] = [];
  /** The next read gets a snapshot, which covers every event until then. */
  #behind = true;
  #ready = true;
  #done = false;
  #failure: { readonly reason: unknown } | undefined;
  #reader: { resolve: (result: Result) => void; reject: (reason: unknown) => void } | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  begin(ready: Promise<unknown> | undefined): void {
    this.#options.signal?.addEventListener("abort", this.#end, { once: true });
    if (ready === undefined) return;
    this.#ready = false;
    void ready.then(
      () => {
        this.#ready = true;
        this.#wake();
      },
      (reason: unknown) => {
        if (!this.#done) this.#failure = { reason };
        this.end();
      },
    );
  }

  push(event: RegistryEvent): void {
    const { service, capacity } = this.#options;
    // Nothing is queued for one that gets a snapshot anyway: it is made when it is read.
    if (this.#behind || event.type === "snapshot") return;
    if (service !== undefined && event.service.name !== service) return;
    if (this.#queue.length >= capacity) {
      this.resync();
      return;
    }
    this.#queue.push(event);
    this.#wake();
  }

  resync(): void {
    this.#queue = [];
    this.#behind = true;
    this.#wake();
  }

  end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#queue = [];
    this.#options.signal?.removeEventListener("abort", this.#end);
    this.#options.onEnd();
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    if (this.#failure === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(this.#takeFailure());
  }

  next(): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#takeFailure());
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    if (this.#reader !== undefined) {
      return Promise.reject(new Error("a watch has one reader: a read is waiting already"));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#wake();
    });
  }

  return(): Promise<Result> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #wake(): void {
    const reader = this.#reader;
    if (reader === undefined || !this.#ready || this.#done) return;
    if (!this.#behind && this.#queue.length === 0) return;
    this.#reader = undefined;
    if (!this.#behind) {
      reader.resolve({ done: false, value: this.#queue.shift() as RegistryEvent });
      return;
    }
    this.#behind = false;
    this.#queue = [];
    reader.resolve({ done: false, value: this.#options.take() });
  }

  #takeFailure(): unknown {
    const reason = this.#failure?.reason;
    this.#failure = undefined;
    return reason;
  }
}
