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
import type { MqttLink } from "./mqtt-link.ts";

/** What a {@link MqttBroker} is made of. */
export interface MqttBrokerOptions {
  readonly link: MqttLink;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  /** The option `max_message_size`. */
  readonly maxBytes: number;
}

/** The mqtt broker. Delivery is at most once; messages are the JSON that Go Micro's brokers send. */
export class MqttBroker implements Broker {
  readonly name = "mqtt";
  readonly counters: DeliveryReport;
  readonly #options: MqttBrokerOptions;
  readonly #subscriptions = new LiveSubscriptions("mqtt");
  #stopped = true;

  constructor(options: MqttBrokerOptions) {
    this.#options = options;
    this.counters = options.report;
  }

  /** Connects: called once, and again after a stop. */
  async start(): Promise<void> {
    await this.#options.link.connect();
    this.#stopped = false;
  }

  /** Ends every subscription within `graceMs`, then gives the connection back. */
  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      await this.#subscriptions.end({ timeoutMs: graceMs });
    } finally {
      await this.#options.link.close();
    }
  }

  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = {}): Promise<void> {
    const { link, maxBytes } = this.#options;
    this.#check(`publishing to '${topic}'`, options);
    checkTopic(topic);
    await link.publish(topic, encodeMessage(message, { maxBytes }), options);
    this.counters.published++;
  }

  async subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options: BrokerSubscribeOptions = {},
  ): Promise<Subscription> {
    const { link, limits, report, maxBytes } = this.#options;
    const { queue } = options;
    this.#check(`subscribing to '${topic}'`, options);
    checkTopic(topic);
    checkQueue(queue);
    const subscriber = new Subscriber({ topic, queue, handler, limits, report });
    const leave = await link.subscribe(topic, {
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
