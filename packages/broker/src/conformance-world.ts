import { ok } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Metadata } from "@micro/core";
import { type ConformanceCase, eventually, within } from "@micro/core/conformance";
import type { Broker, BrokerEvent, BrokerMessage, Subscription } from "./broker.ts";

/** A broker whose queues are short, to be filled. */
export interface FullBroker {
  /** As in {@link BrokerHarness}. */
  readonly create: () => Promise<Broker>;
  /** So many messages are too many for a subscriber whose handler never ends. */
  readonly messages: number;
  /** The option that the error names: `queue_size`. */
  readonly option: string;
}

/** What the suite needs to know of a broker plugin. */
export interface BrokerHarness {
  /** A new started instance; all instances of one harness hear each other. The suite stops it. */
  readonly create: () => Promise<Broker>;
  /** How long one instance may need to learn of a subscription of another, in ms. @default 2000 */
  readonly convergenceMs?: number;
  /** What one publisher sends reaches a subscriber in order. @default true */
  readonly ordered?: boolean;
  /** The option `max_message_size` of the instances, in bytes. @default 4 MiB */
  readonly maxMessageSize?: number;
  /** Where `publish` knows how full its subscribers are. */
  readonly full?: FullBroker;
}

/** A subscription that remembers what came. */
export interface Listener {
  /** Without the probes of {@link World.ready}. */
  readonly received: readonly BrokerMessage[];
  readonly texts: readonly string[];
  readonly subscription: Subscription;
  /** Resolves when `count` messages came. */
  until(count: number): Promise<void>;
  /** Whether a probe came. */
  readonly probed: boolean;
}

/** How a {@link Listener} subscribes. */
export interface ListenOptions {
  /** @default the topic of the world */
  readonly topic?: string;
  readonly queue?: string;
  /** Runs after the message is remembered. */
  readonly handler?: (event: BrokerEvent) => Promise<void> | void;
}

const PROBE = "conformance-probe";

/** A message of text. */
export function message(text: string, header: Record<string, string> = {}): BrokerMessage {
  return { header: new Metadata(header), body: new TextEncoder().encode(text) };
}

/** The body as text. */
export function textOf({ body }: BrokerMessage): string {
  return new TextDecoder().decode(body);
}

/** A door that is closed until somebody opens it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

/** Everything one case starts; given back at its end. */
export class World {
  readonly harness: BrokerHarness;
  /** A topic nobody else uses. */
  readonly topic = `conformance.${randomUUID().slice(0, 8)}`;
  readonly #brokers: Broker[] = [];
  readonly #gates: (() => void)[] = [];

  constructor(harness: BrokerHarness) {
    this.harness = harness;
  }

  /** A started instance. */
  async open(create: () => Promise<Broker> = this.harness.create): Promise<Broker> {
    const broker = await within("a broker starts", create());
    this.#brokers.push(broker);
    return broker;
  }

  /** A {@link gate} that is opened at the end of the case at the latest. */
  gate(): ReturnType<typeof gate> {
    const made = gate();
    this.#gates.push(made.open);
    return made;
  }

  async listen(broker: Broker, options: ListenOptions = {}): Promise<Listener> {
    const { topic = this.topic, queue, handler } = options;
    const received: BrokerMessage[] = [];
    let probed = false;
    const onEvent = async (event: BrokerEvent): Promise<void> => {
      if (event.message.header.has(PROBE)) {
        probed = true;
        return;
      }
      ok(event.topic === topic, `a message of '${event.topic}' came to '${topic}'`);
      received.push(event.message);
      await handler?.(event);
    };
    const subscribed = broker.subscribe(topic, onEvent, queue === undefined ? {} : { queue });
    const subscription = await within("subscribing", subscribed);
    return {
      received,
      get texts() {
        return received.map(textOf);
      },
      get probed() {
        return probed;
      },
      subscription,
      until: (count) =>
        eventually(() => ok(received.length >= count, `${received.length} of ${count} messages came`)),
    };
  }

  /** Publishes probes until each of these has seen one: from then on `publisher` knows them all. */
  async ready(publisher: Broker, ...listeners: readonly Listener[]): Promise<void> {
    const timeoutMs = (this.harness.convergenceMs ?? 2000) + 2000;
    await eventually(
      async () => {
        for (const topic of new Set(listeners.map(({ subscription }) => subscription.topic))) {
          await this.publish(publisher, message("", { [PROBE]: "1" }), topic);
        }
        const missing = listeners.filter(({ probed }) => !probed).length;
        ok(missing === 0, `${missing} subscriber(s) unknown to the publisher`);
      },
      { timeoutMs, intervalMs: 20 },
    );
  }

  /** A listener that the publisher knows. */
  async listening(publisher: Broker, broker: Broker, options: ListenOptions = {}): Promise<Listener> {
    const listener = await this.listen(broker, options);
    await this.ready(publisher, listener);
    return listener;
  }

  async publish(broker: Broker, what: BrokerMessage | string, topic = this.topic): Promise<void> {
    const sent = typeof what === "string" ? message(what) : what;
    await within(`publishing to '${topic}'`, broker.publish(topic, sent), 10_000);
  }

  async close(): Promise<void> {
    for (const open of this.#gates) open();
    const stops = this.#brokers.map(async (broker) => broker.stop?.({ graceMs: 2000 }));
    await within("the brokers stop", Promise.all(stops), 10_000);
  }
}

/** A case that runs in a world of its own. */
export function caseIn(
  harness: BrokerHarness,
  name: string,
  run: (world: World) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async () => {
      const world = new World(harness);
      try {
        await run(world);
      } finally {
        await world.close();
      }
    },
  };
}
