import type { Snapshot } from "./registry.ts";

/**
 * How long the others may still answer before anybody goes on with those who have, in ms. Nodes of one network answer
 * within a few ms of each other, and the fastest must not get the first call of every program.
 */
const SETTLE_MS = 10;

interface Waiter {
  readonly enough: (snapshot: Snapshot) => boolean;
  readonly resolve: (snapshot: Snapshot) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who do not wait for all answers to a question. */
export class FirstAnswers {
  readonly #current: () => Snapshot;
  readonly #waiting = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #settled = false;

  /** `current` is what is known so far. */
  constructor(current: () => Snapshot) {
    this.#current = current;
  }

  /** Somebody has answered. */
  heard(): void {
    // However many answer, all who wait are asked once per time.
    this.#timer ??= setTimeout(() => {
      // A busy process is late itself: what has arrived meanwhile is read first.
      setImmediate(() => this.#settle());
    }, SETTLE_MS).unref();
  }

  #settle(): void {
    this.#timer = undefined;
    this.#settled = true;
    for (const waiter of this.#waiting) this.#ask(waiter);
  }

  /**
   * Resolves with those who have answered when they are `enough`, and never when they are not. Rejects with what it throws.
   * It is not asked again once `signal` has aborted.
   */
  until(enough: (snapshot: Snapshot) => boolean, signal: AbortSignal): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { enough, resolve, reject };
      this.#waiting.add(waiter);
      signal.addEventListener("abort", () => this.#waiting.delete(waiter), { once: true });
      if (this.#settled) this.#ask(waiter);
    });
  }

  /** All have answered: whoever waits knows it by other means. */
  end(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #ask(waiter: Waiter): void {
    const snapshot = this.#current();
    try {
      if (!waiter.enough(snapshot)) return;
      waiter.resolve(snapshot);
    } catch (error) {
      waiter.reject(error);
    }
    this.#waiting.delete(waiter);
  }
}
