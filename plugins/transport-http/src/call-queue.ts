import type { ReceivedMessage } from "./header-block.ts";

/** Calls whose id is that of one that runs: answered in order (spec 1.9), so begun in order. */
export class CallQueue {
  #waiting: ReceivedMessage[] = [];
  /** Ids whose next call is to begin; while there is any, a loop is at work on them. */
  readonly #freed: string[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(call: ReceivedMessage): void {
    this.#waiting.push(call);
  }

  /**
   * A call of this id has ended: `begin` is given the one that waited for it, if any. In a loop and not deeper and
   * deeper, as each may be answered at once.
   */
  ended(id: string, begin: (call: ReceivedMessage) => void): void {
    if (this.#waiting.length === 0) return;
    this.#freed.push(id);
    if (this.#freed.length > 1) return;
    for (let next: string | undefined = id; next !== undefined; next = this.#freed[0]) {
      const at = this.#waiting.findIndex((call) => (call.id ?? "") === next);
      if (at >= 0) begin(this.#waiting.splice(at, 1)[0] as ReceivedMessage);
      this.#freed.shift();
    }
  }

  clear(): void {
    this.#waiting = [];
  }
}
