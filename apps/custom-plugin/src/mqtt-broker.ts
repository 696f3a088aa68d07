import {
  type Broker,
  type BrokerCallOptions,
  type BrokerEvent,
  type BrokerMessage,
  type BrokerSubscribeOptions,
  brokerError,
  checkAbort,
  checkQueue,
  checkTopic,
  type DeliveryReport,
  decodeMessage,
  encodeMessage,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
} from "@micro/broker";
import { Metadata, MicroError } from "@micro/core";
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
  readonly #subscriptions = new Set<Subscription>();
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
    const ends = [...this.#subscriptions].map((each) => each.unsubscribe({ timeoutMs: graceMs }));
    const errors = (await Promise.allSettled(ends)).flatMap((end) =>
      end.status === "rejected" ? [end.reason as unknown] : [],
    );
    await this.#options.link.close();
    if (errors.length > 0) throw new AggregateError(errors, "broker 'mqtt': not every handler has ended");
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
    const { link, limits, report } = this.#options;
    const { queue } = options;
    this.#check(`subscribing to '${topic}'`, options);
    checkTopic(topic);
    checkQueue(queue);
    const subscriber = new Subscriber({ topic, queue, handler, limits, report });
    const leave = await link.subscribe(topic, {
      queue,
      onMessage: (from, data) => this.#take(subscriber, from, data),
    });
    const end = async (bounds?: BrokerCallOptions): Promise<void> => {
      // What is on its way is ours: of a queue nobody else gets it.
      await leave();
      await subscriber.end(bounds);
    };
    let ended: Promise<void> | undefined;
    const subscription: Subscription = {
      topic,
      queue,
      unsubscribe: (bounds) => {
        ended ??= end(bounds).finally(() => this.#subscriptions.delete(subscription));
        return ended;
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** A message from the wire: it waits for its handler, or is reported as not delivered. */
  #take(subscriber: Subscriber, topic: string, data: Uint8Array): void {
    const { maxBytes, report } = this.#options;
    let message: BrokerMessage;
    try {
      message = decodeMessage(data, { maxBytes });
    } catch (thrown) {
      const raw = { header: new Metadata(), body: data };
      const { queue } = subscriber;
      report.notDelivered({ topic, queue, message: raw, error: MicroError.from(thrown) });
      return;
    }
    const event: BrokerEvent = { topic, message };
    const taken = subscriber.offer({
      event,
      bytes: data.byteLength,
      done: (outcome) => {
        if (outcome === "left") subscriber.leave(event);
      },
    });
    if (!taken) subscriber.refuse(event);
  }

  #check(what: string, { signal }: BrokerCallOptions): void {
    checkAbort(what, signal);
    if (!this.#stopped) return;
    const detail = `${what}: the broker 'mqtt' is stopped, and with it its service; start another one`;
    throw brokerError("UNAVAILABLE", detail, { notSent: true });
  }
}
