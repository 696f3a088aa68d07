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
  endsWithin,
  LiveSubscriptions,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
  stoppedError,
} from "@micro/broker";
import { DesiredState, EventLoopShare, type Logger } from "@micro/core";
import type { Registry, ServiceRecord } from "@micro/registry";
import { BROADCAST, type Dialect, subscriptionId, subscriptionRecord } from "./dialects.ts";
import type { Poster } from "./poster.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import { Receiver, type ReceiverOptions } from "./receiver.ts";

/** What a {@link HttpBroker} is made of. */
export interface HttpBrokerOptions {
  readonly dialects: readonly Dialect[];
  readonly registry: Registry;
  readonly logger: Logger;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  readonly publisher: Omit<PublisherOptions, "poster">;
  readonly receiver: ReceiverOptions;
  readonly newPoster: () => Poster;
  /** Listen when the service starts, not with the first subscription. */
  readonly listenAtStart: boolean;
  /** In ms. */
  readonly registerTtl: number;
  /** In ms. */
  readonly registerInterval: number;
}

/** What lives from start to stop. */
interface Parts {
  readonly poster: Poster;
  readonly publisher: Publisher;
  readonly receiver: Receiver;
}

/** A deregistration gets this long even when there is no time left, in ms. */
const LAST_WORD_MS = 200;

/** The http broker: every subscriber is a node in the registry, every message a POST to it (spec 5.3, 5.4). */
export class HttpBroker implements Broker {
  readonly name = "http";
  readonly counters: DeliveryReport;
  readonly #options: HttpBrokerOptions;
  readonly #subscriptions = new LiveSubscriptions("http");
  readonly #share = new EventLoopShare();
  #parts: Parts | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: HttpBrokerOptions) {
    this.#options = options;
    this.counters = options.report;
    this.#parts = this.#make();
  }

  async start(): Promise<void> {
    if (this.#stopping !== undefined) {
      await this.#stopping;
      this.#stopping = undefined;
      this.#parts = this.#make();
    }
    if (this.#options.listenAtStart) await this.#parts?.receiver.listen();
  }

  stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopping ??= this.#stop(performance.now() + graceMs);
    return this.#stopping;
  }

  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = {}): Promise<void> {
    try {
      const what = `publishing to '${topic}'`;
      const { publisher } = this.#open(what);
      checkAbort(what, options.signal);
      checkTopic(topic);
      await publisher.publish(topic, message, options);
    } finally {
      // Also who is refused and tries again at once leaves the others their turn.
      const turn = this.#share.step();
      if (turn !== undefined) await turn;
    }
  }

  async subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options: BrokerSubscribeOptions = {},
  ): Promise<Subscription> {
    const what = `subscribing to '${topic}'`;
    const { receiver, publisher } = this.#subscribable(what);
    const { signal, queue } = options;
    checkAbort(what, signal);
    checkTopic(topic);
    checkQueue(queue);
    if (queue === BROADCAST) {
      const detail = `queue '${BROADCAST}' is what the http broker calls no queue at all: leave it out`;
      throw brokerError("BAD_REQUEST", detail, { notSent: true });
    }
    const { dialects, logger, registerInterval: refreshMs } = this.#options;
    const address = await receiver.listen();
    const id = subscriptionId(topic);
    const described = { id, address, secure: receiver.secure, topic, queue };
    const records = dialects.map((dialect) => subscriptionRecord(dialect, described));
    const subscriber = new Subscriber({ ...this.#options, topic, queue, handler });
    receiver.add(id, subscriber);
    let bounds: BrokerCallOptions = options;
    const desired = new DesiredState({
      what: `registered as a subscriber of '${topic}'`,
      apply: async (stopping) => {
        const signals = [stopping.signal, ...(bounds.signal === undefined ? [] : [bounds.signal])];
        await this.#register(records, { ...bounds, signal: AbortSignal.any(signals) });
        bounds = {};
      },
      refreshMs,
      logger,
      giveUpAtStart: true, // who subscribes hears that it failed, and is not subscribed
    });
    const subscription = this.#subscriptions.add({ topic, queue }, async (limit) => {
      const until = performance.now() + (limit.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      const left = (): number => Math.max(0, until - performance.now());
      await desired.stop();
      await this.#deregister(records, Math.max(LAST_WORD_MS, left() / 2));
      // Until here publishers had reason to post to it, and what this one has sent already is still taken.
      await endsWithin(publisher.settled(id), { ...limit, timeoutMs: left() / 2 });
      receiver.remove(id);
      await subscriber.end({ ...limit, timeoutMs: left() });
    });
    try {
      await desired.start();
      this.#subscribable(what);
    } catch (error) {
      await subscription.unsubscribe({ timeoutMs: 0 });
      throw error;
    }
    return subscription;
  }

  async #register(records: readonly ServiceRecord[], options: BrokerCallOptions): Promise<void> {
    const { registry, registerTtl: ttlMs } = this.#options;
    await Promise.all(records.map((record) => registry.register(record, { ...options, ttlMs })));
  }

  /** What cannot be taken away vanishes with its ttl, and whoever posts to it meanwhile is told that nobody is there. */
  async #deregister(records: readonly ServiceRecord[], timeoutMs: number): Promise<void> {
    const { registry, logger } = this.#options;
    const results = await Promise.allSettled(
      records.map((record) => registry.deregister(record, { timeoutMs })),
    );
    for (const [at, result] of results.entries()) {
      if (result.status === "fulfilled") continue;
      const record = records[at];
      logger.warn("a subscription stays in the registry until its ttl is over", {
        service: record?.name,
        node: record?.nodes[0]?.id,
        error: result.reason as unknown,
      });
    }
  }

  async #stop(until: number): Promise<void> {
    const left = (): number => Math.max(0, until - performance.now());
    // Handlers that end now may still publish; what they and others published gets at least half of the time.
    try {
      await this.#subscriptions.end({ timeoutMs: left() / 2 });
    } finally {
      const parts = this.#parts;
      this.#parts = undefined;
      await parts?.publisher.stop(left());
      await parts?.receiver.close(left());
      parts?.poster.close();
    }
  }

  #make(): Parts {
    const { publisher, receiver, newPoster } = this.#options;
    const poster = newPoster();
    return { poster, publisher: new Publisher({ ...publisher, poster }), receiver: new Receiver(receiver) };
  }

  /** While it stops handlers may publish, but nobody subscribes. */
  #subscribable(what: string): Parts {
    return this.#stopping === undefined ? this.#open(what) : this.#refuse(what);
  }

  #open(what: string): Parts {
    return this.#parts ?? this.#refuse(what);
  }

  #refuse(what: string): never {
    throw stoppedError(this.name, what);
  }
}
