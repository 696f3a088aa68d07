import type { Writable } from "node:stream";

/** What {@link LineWriter} takes. */
export interface LineWriterOptions {
  /** Characters of lines that wait while the stream is busy; what does not fit is dropped and counted. */
  readonly maxWaiting: number;
  /** The line that reports drops, newline included. */
  readonly dropNotice: (lines: number) => string;
}

interface Waiter {
  /** Lines that must be written. */
  readonly upTo: number;
  readonly done: () => void;
}

/**
 * Writes lines to a stream without ever waiting for it: the lines of one tick go out together, one such batch is
 * under way at a time, and a bounded number waits behind it. A stream that fails ends the writing quietly, as
 * there is no other place to say so: the lines count as dropped.
 */
export class LineWriter {
  readonly #stream: Writable;
  readonly #options: LineWriterOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  #accepted = 0;
  #written = 0;
  #dropped = 0;
  #reported = 0;
  #busy = false;
  #scheduled: NodeJS.Immediate | undefined;
  #failed = false;
  #attached = false;
  #stopped = false;
  #waiters: Waiter[] = [];

  constructor(stream: Writable, options: LineWriterOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Lines lost so far: no room, or the stream failed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a line, newline included. */
  write(line: string): void {
    if (this.#failed) {
      this.#dropped++;
      return;
    }
    // A line on its own always has room: otherwise a small bound would lose long lines even when nothing waits.
    if (this.#waiting.length > 0 && this.#waitingLength + line.length > this.#options.maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#reportDrops();
    this.#enqueue(line);
  }

  /** Resolves when every line taken so far is written or lost, at the latest after `timeoutMs`. */
  flush({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#reportDrops();
    if (this.#written >= this.#accepted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiters.push({ upTo: this.#accepted, done });
      this.#pump();
    });
  }

  /** Flushes and lets go of the stream and the process; later lines are still written. */
  async stop(options: { readonly timeoutMs: number }): Promise<void> {
    this.#stopped = true;
    await this.flush(options);
    if (this.#isIdle()) this.#detach();
  }

  #reportDrops(): void {
    const lines = this.#dropped - this.#reported;
    if (lines === 0 || this.#failed || this.#waitingLength >= this.#options.maxWaiting) return;
    this.#reported = this.#dropped;
    this.#enqueue(this.#options.dropNotice(lines));
  }

  #enqueue(line: string): void {
    this.#attach();
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#accepted++;
    if (!this.#busy) this.#scheduled ??= setImmediate(this.#pump);
  }

  readonly #pump = (): void => {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#busy || this.#failed || this.#waiting.length === 0) return;
    this.#busy = true;
    const lines = this.#waiting.length;
    this.#stream.write(this.#take(), (error) => {
      this.#busy = false;
      this.#written = Math.min(this.#accepted, this.#written + lines);
      if (error) {
        this.#dropped += lines;
        this.#onError();
      }
      this.#reportDrops();
      this.#wake();
      this.#pump();
      if (this.#stopped && this.#isIdle()) this.#detach();
    });
  };

  #take(): string {
    const batch = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingLength = 0;
    return batch;
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ upTo }) => upTo <= this.#written);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#written);
    for (const { done } of ready) done();
  }

  #isIdle(): boolean {
    return !this.#busy && this.#waiting.length === 0;
  }

  readonly #onError = (): void => {
    if (this.#failed) return;
    this.#failed = true;
    this.#dropped += this.#waiting.length;
    this.#take();
    this.#written = this.#accepted;
    this.#wake();
  };

  /** The process ends now: hand over what waits. Files and terminals take it all, a pipe what it has room for. */
  readonly #onExit = (): void => {
    if (this.#failed || this.#waiting.length === 0) return;
    this.#stream.write(this.#take());
  };

  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    addListener(this.#stream, "error", this.#onError);
    addListener(process, "exit", this.#onExit);
  }

  #detach(): void {
    if (!this.#attached) return;
    this.#attached = false;
    removeListener(process, "exit", this.#onExit);
    // A failed stream may emit its error after the callback, and again: somebody must listen, or the process dies.
    if (!this.#failed) removeListener(this.#stream, "error", this.#onError);
  }
}

/** Many loggers on one stream are no leak: each makes room for its own listener, and takes the room away again. */
function addListener(emitter: NodeJS.EventEmitter, event: string, listener: () => void): void {
  changeRoom(emitter, 1);
  emitter.on(event, listener);
}

function removeListener(emitter: NodeJS.EventEmitter, event: string, listener: () => void): void {
  emitter.removeListener(event, listener);
  changeRoom(emitter, -1);
}

function changeRoom(emitter: NodeJS.EventEmitter, by: number): void {
  const room = emitter.getMaxListeners();
  if (room > 0) emitter.setMaxListeners(room + by);
}
