import { AsyncResource } from "node:async_hooks";
import { Fifo } from "@micro/core";

/** Something to be worked on. */
export interface WorkItem {
  /** What it holds, for the bound in bytes. */
  readonly bytes: number;
}

/** What a {@link WorkQueue} is made of. */
export interface WorkQueueOptions<T> {
  /** Works on one item, in the asynchronous context in which the queue was made. Must not reject. */
  readonly run: (item: T) => Promise<void>;
  /** Items worked on at a time; with 1 they are worked on in order. */
  readonly concurrency: number;
  /** Items that wait. */
  readonly maxItems: number;
  /** Bytes that wait; one item alone may be larger. */
  readonly maxBytes: number;
}

/** Without progress for this long a queue slows nobody down any more, in ms. */
const STALLED_AFTER_MS = 1000;
/** Items begun before timers and sockets get their turn. */
const STREAK = 64;

/** A bounded queue that works on its items, in the order they came. Nothing runs inside the caller's stack. */
export class WorkQueue<T extends WorkItem> {
  readonly #options: WorkQueueOptions<T>;
  readonly #run: (item: T) => Promise<void>;
  readonly #waiting = new Fifo<T>();
  #bytes = 0;
  #running = 0;
  #closed = false;
  #scheduled = false;
  #streak = 0;
  #progressAt = 0;
  #pressed: (() => void)[] = [];
  #pressTimer: NodeJS.Timeout | undefined;
  #ended: (() => void)[] = [];

  constructor(options: WorkQueueOptions<T>) {
    this.#options = options;
    this.#run = AsyncResource.bind(options.run);
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** True when an item would be begun at once. */
  get free(): boolean {
    return !this.#closed && this.#waiting.length === 0 && this.#running < this.#options.concurrency;
  }

  hasRoom(bytes: number): boolean {
    if (this.#closed) return false;
    const { maxItems, maxBytes } = this.#options;
    if (this.#waiting.length === 0) return true;
    return this.#waiting.length < maxItems && this.#bytes + bytes <= maxBytes;
  }

  /** Takes the item; false when there is no room or the queue is closed. */
  offer(item: T): boolean {
    if (!this.hasRoom(item.bytes)) return false;
    this.#waiting.push(item);
    this.#bytes += item.bytes;
    if (this.#running < this.#options.concurrency) this.#schedule();
    return true;
  }

  /** Takes nothing new; what is in is still worked on. */
  close(): void {
    this.#closed = true;
  }

  /** Takes out what was not begun yet. */
  takeWaiting(): readonly T[] {
    const left = this.#waiting.takeAll();
    this.#bytes = 0;
    this.#settle();
    return left;
  }

  /** Resolves when nothing waits and nothing runs. */
  ended(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /**
   * Undefined when more may be offered; else a promise to wait for: it resolves when the queue is half empty, or has
   * made no progress for a second, so that who is stuck slows nobody down.
   */
  pressure(): Promise<void> | undefined {
    if (!this.#overHalf() || this.#stalledInMs() <= 0) return undefined;
    return new Promise((resolve) => {
      this.#pressed.push(resolve);
      this.#pressTimer ??= setTimeout(() => this.#checkStall(), this.#stalledInMs());
    });
  }

  #overHalf(): boolean {
    const { maxItems, maxBytes } = this.#options;
    return this.#waiting.length > maxItems / 2 || this.#bytes > maxBytes / 2;
  }

  #stalledInMs(): number {
    if (this.#running === 0) return STALLED_AFTER_MS;
    return this.#progressAt + STALLED_AFTER_MS - performance.now();
  }

  #checkStall(): void {
    this.#pressTimer = undefined;
    const leftMs = this.#stalledInMs();
    if (leftMs <= 0) this.#release();
    else if (this.#pressed.length > 0) this.#pressTimer = setTimeout(() => this.#checkStall(), leftMs);
  }

  #release(): void {
    clearTimeout(this.#pressTimer);
    this.#pressTimer = undefined;
    for (const resolve of this.#pressed.splice(0)) resolve();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#streak < STREAK) {
      queueMicrotask(() => this.#begin());
      return;
    }
    // Handlers that publish to each other would else keep everybody else from running.
    setImmediate(() => {
      this.#streak = 0;
      this.#begin();
    });
  }

  #begin(): void {
    this.#scheduled = false;
    this.#pump();
  }

  #pump(): void {
    while (this.#running < this.#options.concurrency && this.#streak < STREAK) {
      const item = this.#waiting.shift();
      if (item === undefined) break;
      this.#bytes -= item.bytes;
      if (this.#running === 0) this.#progressAt = performance.now();
      this.#running++;
      this.#streak++;
      void this.#work(item);
    }
    if (this.#waiting.length > 0 && this.#running < this.#options.concurrency) this.#schedule();
    this.#settle();
  }

  async #work(item: T): Promise<void> {
    try {
      await this.#run(item);
    } finally {
      this.#running--;
      this.#progressAt = performance.now();
      this.#pump();
    }
  }

  #settle(): void {
    if (this.#pressed.length > 0 && !this.#overHalf()) this.#release();
    if (this.#running > 0 || this.#waiting.length > 0) return;
    for (const resolve of this.#ended.splice(0)) resolve();
  }
}
