import { within } from "./within.ts";

/** How one call ended. */
export interface Outcome<T> {
  readonly index: number;
  /** Times in ms of `performance.now()`. */
  readonly began: number;
  readonly ended: number;
  readonly value?: T;
  readonly error?: unknown;
}

/** Options of {@link Traffic}. */
export interface TrafficOptions<T> {
  /** Calls in flight. */
  readonly concurrency: number;
  /** @default until stopped */
  readonly calls?: number;
  readonly call: (index: number) => Promise<T>;
}

/** A steady load: a number of callers that each make one call after the other. */
export class Traffic<T> {
  readonly outcomes: Outcome<T>[] = [];
  readonly #options: TrafficOptions<T>;
  readonly #waiting = new Set<{ readonly done: number; readonly resolve: () => void }>();
  readonly #finished: Promise<unknown>;
  #next = 0;
  #stopped = false;

  constructor(options: TrafficOptions<T>) {
    this.#options = options;
    this.#finished = Promise.all(Array.from({ length: options.concurrency }, () => this.#work()));
  }

  /** Resolves when that many calls have ended. */
  async reached(done: number, timeoutMs = 20_000): Promise<void> {
    if (this.outcomes.length >= done) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { done, resolve };
    this.#waiting.add(waiter);
    try {
      await within(`${done} calls must have ended (${this.outcomes.length} have)`, timeoutMs, promise);
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  /** Resolves when that many more calls have ended. */
  more(calls: number, timeoutMs?: number): Promise<void> {
    return this.reached(this.outcomes.length + calls, timeoutMs);
  }

  /** All calls of a load with an end. */
  async finished(timeoutMs = 30_000): Promise<readonly Outcome<T>[]> {
    await within("the load must end", timeoutMs, this.#finished);
    return this.outcomes;
  }

  /** No new calls; resolves when those that run have ended. */
  stop(timeoutMs?: number): Promise<readonly Outcome<T>[]> {
    this.#stopped = true;
    return this.finished(timeoutMs);
  }

  async #work(): Promise<void> {
    const { calls = Infinity, call } = this.#options;
    while (!this.#stopped && this.#next < calls) {
      const index = this.#next++;
      const began = performance.now();
      const outcome = await call(index).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      this.outcomes.push({ index, began, ended: performance.now(), ...outcome });
      for (const waiter of this.#waiting) if (this.outcomes.length >= waiter.done) waiter.resolve();
      // Calls that fail at once must not keep everything else from running.
      if ("error" in outcome) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Calls that failed. */
export function failuresOf<T>(outcomes: readonly Outcome<T>[]): readonly Outcome<T>[] {
  return outcomes.filter((outcome) => "error" in outcome);
}

/** The value below which `share` of the values are; 0 for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** How long the calls took, in ms. */
export function durations(outcomes: readonly Outcome<unknown>[]): readonly number[] {
  return outcomes.map(({ began, ended }) => ended - began);
}

/** How often each error came, by its text: what a test that wants none prints when there are some. */
export function errorTexts(outcomes: readonly Outcome<unknown>[]): Readonly<Record<string, number>> {
  const texts: Record<string, number> = {};
  for (const { error } of failuresOf(outcomes)) {
    const text = String(error);
    texts[text] = (texts[text] ?? 0) + 1;
  }
  return texts;
}
