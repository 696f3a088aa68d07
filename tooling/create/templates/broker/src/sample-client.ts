/** A live subscription of a {@link SampleClient}. */
export interface SampleClientSubscription {
  readonly topic: string;
  readonly queue: string | undefined;
  readonly onMessage: (topic: string, data: Uint8Array) => void;
}

/**
 * Stands in for the client library of sample: it carries messages inside this process. Replace it by a connection to
 * the real server, and keep these methods or change `SampleBroker` with them.
 */
export class SampleClient {
  readonly #subscriptions = new Set<SampleClientSubscription>();
  #turn = 0;

  /** Hands `data` to every subscriber of the topic, and to one member of each queue. */
  publish(topic: string, data: Uint8Array): void {
    const all = [...this.#subscriptions].filter((each) => each.topic === topic);
    const queues = new Map<string, SampleClientSubscription[]>();
    for (const each of all) {
      if (each.queue === undefined) deliver(each, data);
      else queues.set(each.queue, [...(queues.get(each.queue) ?? []), each]);
    }
    this.#turn++;
    for (const members of queues.values()) {
      const member = members[this.#turn % members.length];
      if (member !== undefined) deliver(member, data);
    }
  }

  /** Messages come from now on; returns how to end that: it resolves when what was on its way has come. */
  subscribe(subscription: SampleClientSubscription): () => Promise<void> {
    this.#subscriptions.add(subscription);
    return () => {
      this.#subscriptions.delete(subscription);
      return new Promise((resolve) => setImmediate(resolve));
    };
  }
}

function deliver({ topic, onMessage }: SampleClientSubscription, data: Uint8Array): void {
  setImmediate(onMessage, topic, data.slice());
}
