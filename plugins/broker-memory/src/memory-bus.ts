import {
  type BrokerCallOptions,
  type BrokerEvent,
  type BrokerMessage,
  copyMessage,
  endsWithin,
  messageSize,
  type OnDone,
  type Subscriber,
  SubscriberGroup,
} from "@micro/broker";

const BRAND = Symbol.for("micro.memory-bus");

/**
 * The topics that brokers of one process share: whoever is given the same bus gets the same messages. It lives as
 * long as somebody holds it and keeps no process alive.
 */
export class MemoryBus {
  readonly [BRAND] = true;
  /** By topic, then by queue; undefined is the group of those without one. */
  readonly #topics = new Map<string, Map<string | undefined, SubscriberGroup>>();

  /** Brand check that works across two copies of this package. */
  static is(this: void, value: unknown): value is MemoryBus {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** Messages of its topic come to `subscriber` from now on; returns how to take it away. */
  add(subscriber: Subscriber): () => void {
    const { topic, queue } = subscriber;
    const groups = this.#topics.get(topic) ?? new Map<string | undefined, SubscriberGroup>();
    this.#topics.set(topic, groups);
    const group = groups.get(queue) ?? new SubscriberGroup(topic, queue);
    groups.set(queue, group);
    group.add(subscriber);
    return () => {
      group.remove(subscriber);
      if (group.members.length === 0 && groups.get(queue) === group) groups.delete(queue);
      if (groups.size === 0 && this.#topics.get(topic) === groups) this.#topics.delete(topic);
    };
  }

  /**
   * Hands a copy to every subscriber, and to one of each queue. Throws `RESOURCE_EXHAUSTED` when none of them has
   * room; else those without are reported.
   */
  publish(topic: string, message: BrokerMessage): void {
    const groups = [...(this.#topics.get(topic)?.values() ?? [])];
    const [first] = groups;
    if (first === undefined) return;
    const bytes = messageSize(message);
    if (!groups.some((group) => group.hasRoom(bytes))) throw first.noRoom();
    for (const group of groups) {
      const event: BrokerEvent = { topic, message: copyMessage(message) };
      const onDone: OnDone = (outcome, member) => {
        if (outcome === "left") member.leave(event);
      };
      if (!group.offer(event, onDone)) group.refuse(event);
    }
  }

  /** Waits, within the bounds, while subscribers that make progress have more than half of what they may have. */
  async pressure(topic: string, bounds: BrokerCallOptions): Promise<void> {
    const waits = [...(this.#topics.get(topic)?.values() ?? [])].flatMap((group) => group.pressure() ?? []);
    if (waits.length > 0) await endsWithin(Promise.all(waits), bounds);
  }
}
