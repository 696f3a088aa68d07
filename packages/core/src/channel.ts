/** Options of a {@link Channel}. */
export interface ChannelOptions {
  /** Values held before `send` waits. @default 64 */
  readonly capacity?: number;
  /** Called once when the reader is gone: it left its loop, or the channel was closed with an error. */
  readonly onCancel?: (reason: unknown) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A bounded queue that is an AsyncIterable: `send` waits while it is full, the reader waits while it is empty.
 * One reader. Used for the messages of streams, on either side.
 */
export class Channel<T> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  readonly #capacity: number;
  readonly #onCancel: ((reason: unknown) => void) | undefined;
  readonly #values: T[] = [];
  readonly #writers: Waiter[] = [];
  #reader:
    | { resolve: (result: IteratorResult<T, undefined>) => void; reject: (reason: unknown) => void }
    | undefined;
  #ended = false;
  #error: { readonly reason: unknown } | undefined;

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

  /** Resolves when there is room for it. Rejects with the reason of `fail`, or when the channel has ended. */
  async send(value: T): Promise<void> {
    while (!this.#ended && this.#values.length >= this.#capacity) {
      await new Promise<void>((resolve, reject) => this.#writers.push({ resolve, reject }));
    }
    if (this.#error !== undefined) throw this.#error.reason;
    if (!this.push(value)) throw new Error("the stream has ended: nothing more can be sent");
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
    this.#ended = true;
    this.#settle();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) {
      const value = this.#values.shift() as T;
      this.#writers.shift()?.resolve();
      return Promise.resolve({ done: false, value });
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
    this.#values.length = 0;
    this.#settle();
    if (wasOpen) this.#onCancel?.(reason);
  }

  #settle(): void {
    for (const writer of this.#writers.splice(0)) {
      if (this.#error === undefined) writer.resolve();
      else writer.reject(this.#error.reason);
    }
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
