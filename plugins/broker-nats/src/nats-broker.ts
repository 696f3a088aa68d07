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
  DEFAULT_TIMEOUT_MS,
  type DeliveryReport,
  decodeMessage,
  encodeMessage,
  endsWithin,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
} from "@micro/broker";
import { Metadata, MicroError } from "@micro/core";
import { checkSubject, type NatsLink, type NatsMessage } from "@micro/nats";

/** What a {@link NatsBroker} is made of. */
export interface NatsBrokerOptions {
  readonly link: NatsLink;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  /** The option `max_message_size`. */
  readonly maxBytes: number;
}

/** The nats broker: a topic is a subject, a queue a queue group, a message its JSON (spec 5.1, 5.5). */
export class NatsBroker implements Broker {
  readonly name = "nats";
  readonly counters: DeliveryReport;
  readonly #options: NatsBrokerOptions;
  readonly #subscriptions = new Set<Subscription>();
  /** Set while this broker holds the connection. */
  #held: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: NatsBrokerOptions) {
    this.#options = options;
    this.counters = options.report;
  }

  async start(): Promise<void> {
    if (this.#stopping !== undefined) {
      await this.#stopping;
      this.#stopping = undefined;
    }
    await this.#hold();
  }

  stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopping ??= this.#stop(performance.now() + graceMs);
    return this.#stopping;
  }

  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = {}): Promise<void> {
    const what = `publishing to '${topic}'`;
    const { link, maxBytes } = this.#options;
    if (this.#stopping !== undefined && this.#held === undefined) this.#refuse(what);
    checkAbort(what, options.signal);
    checkTopic(topic);
    checkSubject(topic, { wildcards: false });
    // Before anything is waited for: the caller may change the message afterwards.
    const json = encodeMessage(message, { maxBytes });
    if (!link.connected) {
      await endsWithin(this.#hold(), options);
      await link.ready(what, options);
    }
    link.publish(topic, json);
    this.counters.published++;
    const pressure = link.pressure();
    if (pressure !== undefined) await endsWithin(pressure, options);
  }

  async subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options: BrokerSubscribeOptions = {},
  ): Promise<Subscription> {
    const what = `subscribing to '${topic}'`;
    const { link, limits, report } = this.#options;
    if (this.#stopping !== undefined) this.#refuse(what);
    const { queue } = options;
    checkAbort(what, options.signal);
    checkTopic(topic);
    checkSubject(topic, { wildcards: true });
    checkQueue(queue);
    const subscriber = new Subscriber({ topic, queue, handler, limits, report });
    await endsWithin(this.#hold(), options);
    const onMessage = (message: NatsMessage): void => this.#take(subscriber, message);
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const bounds = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    const live = await link.subscribe(topic, { ...bounds, queue, onMessage });
    let ended: Promise<void> | undefined;
    const subscription: Subscription = {
      topic,
      queue,
      unsubscribe: (limit = {}) => {
        ended ??= this.#end(limit, { live, subscriber }).finally(() =>
          this.#subscriptions.delete(subscription),
        );
        return ended;
      },
    };
    this.#subscriptions.add(subscription);
    if (this.#stopping !== undefined) {
      await subscription.unsubscribe({ timeoutMs: 0 });
      this.#refuse(what);
    }
    return subscription;
  }

  async #end(
    limit: BrokerCallOptions,
    {
      live,
      subscriber,
    }: { readonly live: Awaited<ReturnType<NatsLink["subscribe"]>>; readonly subscriber: Subscriber },
  ): Promise<void> {
    const until = performance.now() + (limit.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const left = (): number => Math.max(0, until - performance.now());
    // What the server sent before it heard of this is ours, and of a queue nobody else gets it.
    await live.drain({ ...limit, timeoutMs: left() / 2 });
    await subscriber.end({ ...limit, timeoutMs: left() });
  }

  #take(subscriber: Subscriber, { subject, data }: NatsMessage): void {
    const { maxBytes, report } = this.#options;
    const { topic, queue } = subscriber;
    let message: BrokerMessage;
    try {
      message = decodeMessage(data, { maxBytes });
    } catch (thrown) {
      // Go hands the raw body to an error handler (spec 5.5); here that is `onDeliveryFailure`.
      const raw = { header: new Metadata(), body: data };
      report.notDelivered({ topic, queue, message: raw, error: MicroError.from(thrown) });
      return;
    }
    const event: BrokerEvent = { topic: subject, message };
    const bytes = data.byteLength;
    const taken = subscriber.offer({
      event,
      bytes,
      done: (outcome) => {
        if (outcome === "left") subscriber.leave(event);
      },
    });
    if (!taken) subscriber.refuse(event);
  }

  #hold(): Promise<void> {
    this.#held ??= this.#options.link.hold();
    return this.#held;
  }

  async #stop(until: number): Promise<void> {
    const left = (): number => Math.max(0, until - performance.now());
    // Handlers that end now may still publish.
    const ends = [...this.#subscriptions].map((each) => each.unsubscribe({ timeoutMs: left() }));
    const errors = (await Promise.allSettled(ends)).flatMap((end) =>
      end.status === "rejected" ? [end.reason as unknown] : [],
    );
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) {
      await held;
      await this.#options.link.release({ graceMs: left() });
    }
    if (errors.length > 0) throw new AggregateError(errors, "broker 'nats': not every handler has ended");
  }

  #refuse(what: string): never {
    const detail = `${what}: the broker 'nats' is stopped, and with it its service; start another one`;
    throw brokerError("UNAVAILABLE", detail, { notSent: true });
  }
}
