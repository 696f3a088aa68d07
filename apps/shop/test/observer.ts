import { broker } from "@micro/broker";
import { defineService, subscribe } from "@micro/core";
import { ORDER_PLACED, RECEIPT_SENT, WATCH_ENDED } from "../src/contracts.ts";

/** A message that one of the observer's subscribers got. */
export interface Observed {
  readonly subscriber: string;
  readonly topic: string;
  readonly message: unknown;
}

const WITHIN_MS = 5000;

/** Subscribes to everything the shop tells, and lets tests wait for it. */
export class Observer {
  readonly #seen: Observed[] = [];
  readonly #waiting = new Set<() => void>();

  /** The service that subscribes; it has no handlers. */
  readonly definition = defineService({
    name: "shop.observer",
    needs: [broker],
    subscribers: [
      this.#subscriber("all", ORDER_PLACED),
      this.#subscriber("auditor 1", ORDER_PLACED, "auditors"),
      this.#subscriber("auditor 2", ORDER_PLACED, "auditors"),
      this.#subscriber("all", RECEIPT_SENT),
      this.#subscriber("all", WATCH_ENDED),
    ],
  });

  /** Everything that came and matches. */
  seen(matches: (observed: Observed) => boolean): readonly Observed[] {
    return this.#seen.filter(matches);
  }

  /** Resolves when `count` that match have come; rejects after five seconds. */
  async wait(count: number, matches: (observed: Observed) => boolean): Promise<readonly Observed[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Observed[]>();
    const look = (): void => {
      const found = this.seen(matches);
      if (found.length >= count) resolve(found);
    };
    const timer = setTimeout(() => {
      const all = JSON.stringify(this.#seen);
      reject(new Error(`${count} messages were expected within ${WITHIN_MS} ms; all that came: ${all}`));
    }, WITHIN_MS);
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  #subscriber(subscriber: string, topic: string, queue?: string) {
    const receive = (message: unknown): void => {
      this.#seen.push({ subscriber, topic, message });
      for (const look of this.#waiting) look();
    };
    return subscribe(topic, receive, queue === undefined ? {} : { queue });
  }
}
