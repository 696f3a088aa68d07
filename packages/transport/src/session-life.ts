import { unavailable } from "./errors.ts";

/** What a {@link SessionLife} needs of its session. */
export interface SessionLifeOptions {
  /** Counts the exchanges that run. */
  readonly active: () => number;
  /**
   * Nothing runs and nothing will: closes the connection, which may take `lingerMs` (`Infinity` for any time) to deliver
   * what is left, and calls {@link SessionLife.closed} then. Called again when there is less time.
   */
  readonly end: (lingerMs: number) => void;
  /** Ends at once what still runs, and the connection. */
  readonly abort: (reason: Error) => void;
}

/** The life of a dialled session: usable, retired, closed. It does what `usable`, `onClose` and `close` of a `Session` promise. */
export class SessionLife {
  readonly #options: SessionLifeOptions;
  #usable = true;
  #closed = false;
  #reason: Error | undefined;
  #listeners: ((reason: Error | undefined) => void)[] = [];
  #waiting: (() => void)[] = [];
  #graceTimer: NodeJS.Timeout | undefined;
  /** When `close` wants to be done; `Infinity` while nobody asked. */
  #closeBy = Number.POSITIVE_INFINITY;

  constructor(options: SessionLifeOptions) {
    this.#options = options;
  }

  get usable(): boolean {
    return this.#usable;
  }

  /** Calls `listener` once when the session stops being usable, later where that was before. */
  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.#usable) this.#listeners.push(listener);
    else {
      const reason = this.#reason;
      queueMicrotask(() => listener(reason));
    }
  }

  /** Nothing new begins on it; it is closed when what runs has finished. */
  retire(reason?: Error): void {
    if (this.#usable) {
      this.#usable = false;
      this.#reason = reason;
      const listeners = this.#listeners;
      this.#listeners = [];
      for (const listener of listeners) listener(reason);
    }
    this.settle();
  }

  /** To be called when an exchange has ended. */
  settle(): void {
    if (this.#usable || this.#closed || this.#options.active() > 0) return;
    this.#options.end(Math.max(0, this.#closeBy - performance.now()));
  }

  /** Closes when what runs has finished, or after `graceMs`. Resolves when it is closed. */
  close(graceMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closeBy = Math.min(this.#closeBy, performance.now() + graceMs);
    const closed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.retire();
    if (this.#options.active() > 0) {
      clearTimeout(this.#graceTimer);
      const abort = () => this.#options.abort(unavailable("the session was closed while it ran"));
      const leftMs = this.#closeBy - performance.now();
      if (leftMs > 0) this.#graceTimer = setTimeout(abort, leftMs);
      else abort();
    }
    return closed;
  }

  /** To be called when the connection has closed. */
  closed(reason?: Error): void {
    this.#closed = true;
    clearTimeout(this.#graceTimer);
    this.retire(reason);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
