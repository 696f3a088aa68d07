/** Whoever waits until there is room for its message. */
export interface BudgetWaiter {
  /** There may be room now: try again. */
  onBudget(): void;
}

/**
 * Bounds the messages of one connection that have begun to come: whoever begins a thousand large ones and ends none
 * makes this side hold what the option says, and not more. One message may always come, whatever its size.
 */
export class ReadBudget {
  readonly #most: number;
  readonly #waiting = new Set<BudgetWaiter>();
  #used = 0;

  /** `most` is in bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes `bytes` for a message; false when there is no room, then `waiter` is told when there may be. */
  take(bytes: number, waiter: BudgetWaiter): boolean {
    if (this.#used > 0 && this.#used + bytes > this.#most) {
      this.#waiting.add(waiter);
      return false;
    }
    this.#used += bytes;
    return true;
  }

  /** A message is complete or given up. */
  give(bytes: number): void {
    this.#used -= bytes;
    for (const waiter of Array.from(this.#waiting)) {
      if (this.#used >= this.#most) return;
      this.#waiting.delete(waiter);
      waiter.onBudget();
    }
  }

  /** Waits no longer. */
  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter);
  }
}
