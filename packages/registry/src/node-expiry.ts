import { LONGEST_DELAY_MS } from "./longest-delay.ts";
import type { ServiceRecord } from "./model.ts";
import type { NodeTable } from "./node-table.ts";

/** Expiries closer together than this are handled together. */
const GRANULARITY_MS = 50;

/**
 * Tells when nodes of a table are over their time. One timer for all of them, armed only while some node can
 * expire; it never keeps the process alive.
 */
export class NodeExpiry {
  readonly #table: NodeTable;
  readonly #onExpired: (records: readonly ServiceRecord[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;

  /** `onExpired` must delete the nodes it is given or put them again with a later time; else it is asked again soon. */
  constructor(table: NodeTable, onExpired: (records: readonly ServiceRecord[]) => void) {
    this.#table = table;
    this.#onExpired = onExpired;
  }

  /** To be called after a `put` that expires at this time of `performance.now()`. */
  schedule(expiresAt: number): void {
    if (expiresAt >= this.#due) return;
    this.stop();
    const delay = Math.max(GRANULARITY_MS, Math.ceil(expiresAt - performance.now()));
    this.#due = expiresAt;
    this.#timer = setTimeout(() => this.#fire(), Math.min(delay, LONGEST_DELAY_MS)).unref();
  }

  /** Gives the timer back; a later `schedule` starts it anew. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
  }

  #fire(): void {
    this.stop();
    const gone = this.#table.expired(performance.now());
    try {
      if (gone.length > 0) this.#onExpired(gone);
    } finally {
      this.schedule(this.#table.nextExpiry());
    }
  }
}
