import {
  type Broker,
  type BrokerCallOptions,
  type BrokerEvent,
  type BrokerMessage,
  type BrokerSubscribeOptions,
  checkAbort,
  checkQueue,
  checkTopic,
  type DeliveryReport,
  encodeMessage,
  LiveSubscriptions,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
  stoppedError,
} from "@micro/broker";
import { EventLoopShare } from "@micro/core";
import type { SampleClient } from "./sample-client.ts";

/** What a {@link SampleBroker} is made of. */
export interface SampleBrokerOptions {
  readonly client: SampleClient;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  /** The option `max_message_size`. */
  readonly maxBytes: number;
}

/** The sample broker. Delivery is at most once; messages are the JSON that Go Micro's brokers send. */
export class SampleBroker implements Broker {
  readonly name = "sample";
  readonly counters: DeliveryReport;
  readonly #options: SampleBrokerOptions;
  readonly #subscriptions = new LiveSubscriptions("sample");
  readonly #share = new EventLoopShare();
  #stopped = false;

  constructor(options: SampleBrokerOptions) {
    this.#options = options;
    this.counters = options.report;
  }

  /** Connects: called once, and again after a stop. */
  start(): void {
    this.#stopped = false;
  }

  /** Ends every subscription within `graceMs`, then gives the connection back. */
  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    await this.#subscriptions.end({ timeoutMs: graceMs });
  }

  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = {}): Promise<void> {
    const { client, maxBytes } = this.#options;
    this.#check(`publishing to '${topic}'`, options);
    checkTopic(topic);
    client.publish(topic, encodeMessage(message, { maxBytes }));
    this.counters.published++;
    // Who publishes in a loop leaves timers and sockets their turn, though the client never makes anybody wait.
    const turn = this.#share.step();
    if (turn !== undefined) await turn;
  }

  async subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options: BrokerSubscribeOptions = {},
  ): Promise<Subscription> {
    const { client, limits, report, maxBytes } = this.#options;
    const { queue } = options;
    this.#check(`subscribing to '${topic}'`, options);
    checkTopic(topic);
    checkQueue(queue);
    const subscriber = new Subscriber({ topic, queue, handler, limits, report });
    const leave = client.subscribe({
      topic,
      queue,
      onMessage: (from, data) => subscriber.receive(from, data, { maxBytes }),
    });
    return this.#subscriptions.add({ topic, queue }, async (bounds) => {
      // What is on its way is ours: of a queue nobody else gets it.
      await leave();
      await subscriber.end(bounds);
    });
  }

  #check(what: string, { signal }: BrokerCallOptions): void {
    checkAbort(what, signal);
    if (this.#stopped) throw stoppedError(this.name, what);
  }
}
