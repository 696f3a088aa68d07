/** What a {@link SessionLife} ends. */
export interface SessionParts {
  /** Exchanges that run. */
  readonly active: () => number;
  /** Nothing runs and nothing will: says so to the peer and gives all back. Called once, after a break too. */
  readonly end: () => void;
  /** Ends what still runs. */
  readonly abort: (reason: string) => void;
}

/** The life of a dialled session, of either kind: usable, retired, ended. */
export class SessionLife {
  readonly #parts: SessionParts;
  #state: "usable" | "retired" | "ended" = "usable";
  #reason: Error | undefined;
  #listeners: ((reason: Error | undefined) => void)[] = [];
  #waiting: (() => void)[] = [];
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get usable(): boolean {
    return this.#state === "usable";
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.usable) this.#listeners.push(listener);
    else {
      const reason = this.#reason;
      queueMicrotask(() => listener(reason));
    }
  }

  /** Nothing new begins on it; it ends when what runs has finished. */
  retire(reason?: Error): void {
    if (this.usable) {
      this.#state = "retired";
      this.#reason = reason;
      for (const listener of this.#listeners.splice(0)) listener(reason);
    }
    this.settle();
  }

  /** To be called when an exchange has ended. */
  settle(): void {
    if (this.#state !== "retired" || this.#parts.active() > 0) return;
    this.#state = "ended";
    clearTimeout(this.#graceTimer);
    this.#parts.end();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  close(graceMs: number): Promise<void> {
    if (this.#state === "ended") return Promise.resolve();
    const closed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.retire();
    if (this.#parts.active() === 0) return closed;
    const abort = (): void => this.#parts.abort("the session was closed while it ran");
    if (graceMs > 0) this.#graceTimer ??= setTimeout(abort, graceMs);
    else abort();
    return closed;
  }
}
