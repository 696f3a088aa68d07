import {
  type Broker,
  type BrokerCallOptions,
  type BrokerEvent,
  type BrokerMessage,
  type BrokerSubscribeOptions,
  checkAbort,
  checkQueue,
  checkTopic,
  DEFAULT_TIMEOUT_MS,
  type DeliveryReport,
  encodeMessage,
  endsWithin,
  LiveSubscriptions,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
  stoppedError,
} from "@micro/broker";
import { EventLoopShare } from "@micro/core";
import { checkSubject, type NatsLink, type NatsMessage } from "@micro/nats";

/** What a {@link NatsBroker} is made of. */
export interface NatsBrokerOptions {
  readonly link: NatsLink;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  /** The option `max_message_size`. */
  readonly maxBytes: number;
}

const DONE = Promise.resolve();
const NO_OPTIONS: BrokerCallOptions = {};
/** Topics that are remembered as good. */
const MAX_REMEMBERED = 1024;

/** The nats broker: a topic is a subject, a queue a queue group, a message its JSON (spec 5.1, 5.5). */
export class NatsBroker implements Broker {
  readonly name = "nats";
  readonly counters: DeliveryReport;
  readonly #options: NatsBrokerOptions;
  readonly #subscriptions = new LiveSubscriptions("nats");
  readonly #published = new Set<string>();
  readonly #share = new EventLoopShare();
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

  // Not async: this is the path that every message takes, and mostly there is nothing to wait for.
  publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = NO_OPTIONS): Promise<void> {
    const { link, maxBytes } = this.#options;
    try {
      if (this.#stopping !== undefined && this.#held === undefined) {
        throw stoppedError(this.name, `publishing to '${topic}'`);
      }
      if (options.signal !== undefined) checkAbort(`publishing to '${topic}'`, options.signal);
      this.#checkPublished(topic);
      // Before anything is waited for: the caller may change the message afterwards.
      const json = encodeMessage(message, { maxBytes });
      if (link.connected) return this.#hand(topic, json, options) ?? DONE;
      return this.#handLater(topic, json, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Undefined when there is nothing to wait for. */
  #hand(topic: string, json: Uint8Array, options: BrokerCallOptions): Promise<void> | undefined {
    const { link } = this.#options;
    link.publish(topic, json);
    this.counters.published++;
    const pressure = link.pressure();
    return pressure === undefined ? this.#share.step() : endsWithin(pressure, options).then(() => undefined);
  }

  async #handLater(topic: string, json: Uint8Array, options: BrokerCallOptions): Promise<void> {
    await endsWithin(this.#hold(), options);
    await this.#options.link.ready(`publishing to '${topic}'`, options);
    await this.#hand(topic, json, options);
  }

  async subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options: BrokerSubscribeOptions = {},
  ): Promise<Subscription> {
    const what = `subscribing to '${topic}'`;
    const { link, limits, report, maxBytes } = this.#options;
    if (this.#stopping !== undefined) throw stoppedError(this.name, what);
    const { queue } = options;
    checkAbort(what, options.signal);
    checkTopic(topic);
    checkSubject(topic, { wildcards: true });
    checkQueue(queue);
    const subscriber = new Subscriber({ topic, queue, handler, limits, report });
    await endsWithin(this.#hold(), options);
    const onMessage = ({ subject, data }: NatsMessage): void =>
      subscriber.receive(subject, data, { maxBytes });
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const bounds = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    const live = await link.subscribe(topic, { ...bounds, queue, onMessage });
    const subscription = this.#subscriptions.add({ topic, queue }, async (limit) => {
      const until = performance.now() + (limit.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      const left = (): number => Math.max(0, until - performance.now());
      // What the server sent before it heard of this is ours, and of a queue nobody else gets it.
      await live.drain({ ...limit, timeoutMs: left() / 2 });
      await subscriber.end({ ...limit, timeoutMs: left() });
    });
    if (this.#stopping !== undefined) {
      await subscription.unsubscribe({ timeoutMs: 0 });
      throw stoppedError(this.name, what);
    }
    return subscription;
  }

  /** A topic that was published to before is not looked at again. */
  #checkPublished(topic: string): void {
    if (this.#published.has(topic)) return;
    checkTopic(topic);
    checkSubject(topic, { wildcards: false });
    if (this.#published.size < MAX_REMEMBERED) this.#published.add(topic);
  }

  #hold(): Promise<void> {
    this.#held ??= this.#options.link.hold();
    return this.#held;
  }

  async #stop(until: number): Promise<void> {
    const left = (): number => Math.max(0, until - performance.now());
    // Handlers that end now may still publish.
    try {
      await this.#subscriptions.end({ timeoutMs: left() });
    } finally {
      const held = this.#held;
      this.#held = undefined;
      if (held !== undefined) {
        await held;
        await this.#options.link.release({ graceMs: left() });
      }
    }
  }
}
