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
  /**
   * Takes it away: nothing new comes, and it resolves when what it had taken is handled. After `timeoutMs` what has not
   * begun goes to other members of the queue or is reported as undelivered; rejects with `TIMEOUT` when a handler
   * runs even then (a handler that waits for the end of its own subscription does). Idempotent.
   */
  unsubscribe(options?: BrokerCallOptions): Promise<void>;
}

/** What a broker has done since it was made; the numbers only rise. */
export interface BrokerCounters {
  /** Messages that `publish` took. */
  readonly published: number;
  /** Handlers that resolved. */
  readonly handled: number;
  /** Handlers that rejected; each is logged. */
  readonly handlerErrors: number;
  /** Copies of messages that a known subscriber did not get: no room, not reachable, no answer, taken away. */
  readonly undelivered: number;
}

/**
 * Publish and subscribe. Delivery is at most once: a message is handed to each subscriber (and to one member of each
 * queue) that is known when it is published; it is acknowledged after the handler has resolved, where the broker can.
 */
export interface Broker extends Lifecycle {
  /** Name in node metadata: `http`. */
  readonly name: string;
  readonly counters: BrokerCounters;
  /**
   * Resolves when the broker has taken the message; nobody there is no error. When it rejects, nobody gets the
   * message: with `RESOURCE_EXHAUSTED` no subscriber had room or the message is too large, with `UNAVAILABLE` the
   * broker cannot be reached or is stopped, with `BAD_REQUEST` the topic is none.
   */
  publish(topic: string, message: BrokerMessage, options?: BrokerCallOptions): Promise<void>;
  /** Resolves when messages published from now on arrive. A handler that rejects is logged and counted. */
  subscribe(
    topic: string,
    handler: (event: BrokerEvent) => Promise<void>,
    options?: BrokerSubscribeOptions,
  ): Promise<Subscription>;
}
