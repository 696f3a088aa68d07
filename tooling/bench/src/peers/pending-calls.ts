import type { Message } from "./peer.ts";

interface Waiter {
  resolve(message: Message): void;
  reject(error: Error): void;
}

/** Calls that wait for their reply on a multiplexed connection, by correlation id. */
export class PendingCalls {
  readonly #waiters = new Map<number, Waiter>();

  wait(id: number): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
    });
  }

  settle(id: number, message: Message): void {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) throw new Error(`a reply came for call ${id}, which nobody made`);
    this.#waiters.delete(id);
    waiter.resolve(message);
  }

  fail(error: Error): void {
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
  }
}
