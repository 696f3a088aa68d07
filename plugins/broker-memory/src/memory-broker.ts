import {
  type Broker,
  type BrokerCallOptions,
  type BrokerEvent,
  type BrokerMessage,
  type BrokerSubscribeOptions,
  broker,
  checkAbort,
  checkQueue,
  checkSize,
  checkTopic,
  DeliveryReport,
  deliveryOptions,
  LiveSubscriptions,
  Subscriber,
  type SubscriberLimits,
  type Subscription,
  stoppedError,
} from "@micro/broker";
import { definePlugin, EventLoopShare, option } from "@micro/core";
import { logger } from "@micro/logger";
import { MemoryBus } from "./memory-bus.ts";

interface MemoryBrokerOptions {
  readonly bus: MemoryBus;
  readonly report: DeliveryReport;
  readonly limits: SubscriberLimits;
  readonly maxMessageSize: number;
}

class MemoryBroker implements Broker {
  readonly name = "memory";
  readonly counters: DeliveryReport;
  readonly #options: MemoryBrokerOptions;
  readonly #subscriptions = new LiveSubscriptions("memory");
  readonly #share = new EventLoopShare();
  #stopped = false;

  constructor(options: MemoryBrokerOptions) {
    this.#options = options;
    this.counters = options.report;
  }

  start(): void {
    this.#stopped = false;
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    await this.#subscriptions.end({ timeoutMs: graceMs });
  }

  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions = {}): Promise<void> {
    try {
      const what = `publishing to '${topic}'`;
      this.#check(what);
      checkAbort(what, options.signal);
      checkTopic(topic);
      const { bus, maxMessageSize } = this.#options;
      checkSize(message, maxMessageSize);
      bus.publish(topic, message);
      this.counters.published++;
      await bus.pressure(topic, options);
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
    this.#check(what);
    checkAbort(what, options.signal);
    checkTopic(topic);
    checkQueue(options.queue);
    const { bus, limits, report } = this.#options;
    const subscriber = new Subscriber({ topic, queue: options.queue, handler, limits, report });
    const remove = bus.add(subscriber);
    return this.#subscriptions.add(subscriber, (bounds) => {
      remove();
      return subscriber.end(bounds);
    });
  }

  #check(what: string): void {
    if (this.#stopped) throw stoppedError(this.name, what);
  }
}

/**
 * Publish and subscribe inside one process. Without the option `bus` a service hears itself alone; services that are
 * given the same {@link MemoryBus} hear each other.
 */
export const memoryBroker = definePlugin(broker, {
  name: "memory",
  config: {
    ...deliveryOptions,
    bus: option.value(MemoryBus.is, {
      description: "The topics of this service; shared with others on purpose",
      expects: "a MemoryBus",
    }),
  },
  needs: [logger],
  create: ({ config, deps }) => {
    const { bus, maxMessageSize, onHandlerError, onDeliveryFailure, ...limits } = config;
    const report = new DeliveryReport({ logger: deps.logger, onHandlerError, onDeliveryFailure });
    return new MemoryBroker({ bus: bus ?? new MemoryBus(), report, limits, maxMessageSize });
  },
});
