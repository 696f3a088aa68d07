import type { Connection } from "./connection.ts";
import { unavailable } from "./errors.ts";

/** The life of a dialled session, of either kind: usable, retired, closed. */
export class SessionLife {
  readonly #connection: Connection;
  readonly #active: () => number;
  #usable = true;
  #reason: Error | undefined;
  #listeners: ((reason: Error | undefined) => void)[] = [];
  #waiting: (() => void)[] = [];
  #graceTimer: NodeJS.Timeout | undefined;
  /** When `close` wants to be done; `Infinity` while nobody asked. */
  #closeBy = Number.POSITIVE_INFINITY;

  /** `active` counts the exchanges that run. */
  constructor(connection: Connection, active: () => number) {
    this.#connection = connection;
    this.#active = active;
  }

  get usable(): boolean {
    return this.#usable;
  }

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
    if (this.#usable || this.#connection.closed || this.#active() > 0) return;
    this.#connection.end(Math.max(0, this.#closeBy - performance.now()));
  }

  close(graceMs: number): Promise<void> {
    if (this.#connection.closed) return Promise.resolve();
    this.#closeBy = Math.min(this.#closeBy, performance.now() + graceMs);
    const closed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.retire();
    if (this.#active() > 0) {
      const abort = () => this.#connection.destroy(unavailable("the session was closed while it ran"));
      if (graceMs > 0) this.#graceTimer ??= setTimeout(abort, graceMs);
      else abort();
    }
    return closed;
  }

  /** To be called when the connection has closed. */
  closed(reason: Error | undefined): void {
    clearTimeout(this.#graceTimer);
    this.retire(reason);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
