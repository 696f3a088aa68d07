import { Fifo } from "./fifo.ts";

/** Options of a {@link Channel}. */
export interface ChannelOptions {
  /** Values held before `send` waits; 0 hands each to a reader that waits. @default 64 */
  readonly capacity?: number;
  /** Called once when the reader leaves its loop before the channel has ended. */
  readonly onCancel?: (reason: unknown) => void;
}

interface Writer<T> {
  readonly value: T;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const DONE = Promise.resolve();

/**
 * A bounded queue that is an AsyncIterable: `send` waits while it is full, the reader waits while it is empty.
 * One reader. Used for the messages of streams, on either side.
 */
export class Channel<T> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  readonly #capacity: number;
  readonly #onCancel: ((reason: unknown) => void) | undefined;
  readonly #values = new Fifo<T>();
  readonly #writers = new Fifo<Writer<T>>();
  #reader:
    | { resolve: (result: IteratorResult<T, undefined>) => void; reject: (reason: unknown) => void }
    | undefined;
  #ended = false;
  /** Why it failed, until the reader has been told. */
  #error: { readonly reason: unknown } | undefined;
  /** What writers are told after the end. */
  #closedBy: { readonly reason: unknown } | undefined;

  constructor(options: ChannelOptions = {}) {
    this.#capacity = options.capacity ?? 64;
    this.#onCancel = options.onCancel;
  }

  /** Values that wait for the reader. */
  get size(): number {
    return this.#values.length;
  }

  /** True after `end` or `fail`, or when the reader is gone. */
  get closed(): boolean {
    return this.#ended;
  }

  /**
   * Resolves when there is room for it; values keep the order in which they were given, whether it was waited for or
   * not. Rejects with the reason of `fail`, or when the channel has ended.
   */
  send(value: T): Promise<void> {
    if (this.#ended) return Promise.reject(this.#endReason());
    if (this.#writers.length > 0 || (this.#reader === undefined && this.#values.length >= this.#capacity)) {
      return new Promise<void>((resolve, reject) => this.#writers.push({ value, resolve, reject }));
    }
    this.push(value);
    return DONE;
  }

  /** Adds without waiting, beyond the capacity if need be: for sources that are slowed by other means. False after the end. */
  push(value: T): boolean {
    if (this.#ended) return false;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value });
    } else this.#values.push(value);
    return true;
  }

  /** No more values; those already in are still read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle();
  }

  /** The reader gets what is in and then this reason; writers get it at once. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#error = { reason };
    this.#closedBy = { reason };
    this.#ended = true;
    this.#settle();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) {
      const value = this.#values.shift() as T;
      const writer = this.#values.length < this.#capacity ? this.#writers.shift() : undefined;
      if (writer !== undefined) {
        this.#values.push(writer.value);
        writer.resolve();
      }
      return Promise.resolve({ done: false, value });
    }
    const handover = this.#writers.shift(); // with a capacity of 0 values go from hand to hand
    if (handover !== undefined) {
      handover.resolve();
      return Promise.resolve({ done: false, value: handover.value });
    }
    if (this.#error !== undefined) {
      const { reason } = this.#error;
      this.#error = undefined;
      return Promise.reject(reason);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    if (this.#reader !== undefined)
      return Promise.reject(new Error("a stream has one reader: a read is waiting already"));
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** The reader leaves its loop: what is in is dropped and the writer is told. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#cancel(new Error("the reader left the stream"));
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #cancel(reason: unknown): void {
    const wasOpen = !this.#ended;
    this.#ended = true;
    this.#error = undefined;
    this.#values.takeAll();
    this.#settle();
    if (wasOpen) this.#onCancel?.(reason);
  }

  #endReason(): unknown {
    return this.#closedBy === undefined
      ? new Error("the stream has ended: nothing more can be sent")
      : this.#closedBy.reason;
  }

  #settle(): void {
    for (const writer of this.#writers.takeAll()) writer.reject(this.#endReason());
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    if (this.#error === undefined) reader.resolve({ done: true, value: undefined });
    else {
      const { reason } = this.#error;
      this.#error = undefined;
      reader.reject(reason);
    }
  }
}
