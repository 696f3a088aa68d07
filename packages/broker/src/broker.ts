import type { Lifecycle, Metadata } from "@micro/core";

/** A message of a topic. */
export interface BrokerMessage {
  readonly header: Metadata;
  readonly body: Uint8Array;
}

/** A message as a subscriber gets it. */
export interface BrokerEvent {
  readonly topic: string;
  readonly message: BrokerMessage;
}

/** Bounds of one broker operation. */
export interface BrokerCallOptions {
  readonly signal?: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

/** Options of `subscribe`. */
export interface BrokerSubscribeOptions extends BrokerCallOptions {
  /** Members of one queue share the messages. @default every subscriber gets every message */
  readonly queue?: string;
}

/** A live subscription. It is desired state: the broker restores it after an outage. */
export interface Subscription {
  readonly topic: string;
  readonly queue: string | undefined;
  /** Takes it away; resolves when handlers that run have ended. Idempotent. */
  unsubscribe(options?: BrokerCallOptions): Promise<void>;
}

/**
 * Publish and subscribe. Delivery is at most once: a message is handed to each subscriber (and to one member of each
 * queue) that is known when it is published; it is acknowledged after the handler has resolved, where the broker can.
 */
export interface Broker extends Lifecycle {
  /** Name in node metadata: `http`. */
  readonly name: string;
  /** Resolves when the broker has taken the message. Rejects with `RESOURCE_EXHAUSTED` when its queue is full. */
  publish(topic: string, message: BrokerMessage, options?: BrokerCallOptions): Promise<void>;
  /** Resolves when messages published from now on arrive. A handler that rejects is logged and counted. */
  subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options?: BrokerSubscribeOptions,
  ): Promise<Subscription>;
}
