import type { BrokerCallOptions, Subscription } from "./broker.ts";

/** The subscriptions of one broker: each ends once, however often that is asked for, and all of them with the broker. */
export class LiveSubscriptions {
  readonly #broker: string;
  readonly #live = new Set<Subscription>();

  /** `broker` is its name, for errors. */
  constructor(broker: string) {
    this.#broker = broker;
  }

  /**
   * A new one; `end` is what its first `unsubscribe` does: it stops what comes, then ends the {@link Subscriber}. It is
   * begun before `unsubscribe` returns.
   */
  add(
    { topic, queue }: Pick<Subscription, "topic" | "queue">,
    end: (bounds: BrokerCallOptions) => Promise<void>,
  ): Subscription {
    let ended: Promise<void> | undefined;
    const subscription: Subscription = {
      topic,
      queue,
      unsubscribe: (bounds = {}) => {
        ended ??= end(bounds).finally(() => this.#live.delete(subscription));
        return ended;
      },
    };
    this.#live.add(subscription);
    return subscription;
  }

  /** Ends all of them at once. Rejects, when all have settled, with an `AggregateError` of what failed. */
  async end(bounds: BrokerCallOptions): Promise<void> {
    const ends = await Promise.allSettled(Array.from(this.#live, (each) => each.unsubscribe(bounds)));
    const errors = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
    if (errors.length > 0) {
      throw new AggregateError(errors, `broker '${this.#broker}': not every handler has ended`);
    }
  }
}
