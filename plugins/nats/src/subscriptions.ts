import type { Logger } from "@micro/core";
import type { Msg, NatsConnection } from "nats";
import type { NatsMessage, NatsSubscription } from "./link-types.ts";
import { type Bounds, endsWithin } from "./waiting.ts";

/** What is subscribed to. */
export interface SubscriptionOptions {
  readonly queue?: string | undefined;
  readonly onMessage: (message: NatsMessage) => void;
  /** The server does not allow it. */
  readonly onRefused: (error: unknown) => void;
}

interface Wanted extends SubscriptionOptions {
  readonly subject: string;
  live: ReturnType<NatsConnection["subscribe"]> | undefined;
}

/** The subscriptions of a link, on whatever connection there is. */
export class Subscriptions {
  readonly #wanted = new Set<Wanted>();
  readonly #logger: Logger;
  #connection: NatsConnection | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Begins now, or with the next connection. */
  add(subject: string, options: SubscriptionOptions): NatsSubscription {
    const wanted: Wanted = { ...options, subject, live: undefined };
    this.#wanted.add(wanted);
    if (this.#connection !== undefined) this.#bind(wanted, this.#connection);
    return { drain: (bounds) => this.#drain(wanted, bounds), end: () => this.#end(wanted) };
  }

  /** The connection works, or works again: the library restores what it knows, and nothing on a new connection. */
  up(connection: NatsConnection): void {
    this.#connection = connection;
    for (const wanted of this.#wanted) {
      if (wanted.live === undefined || wanted.live.isClosed()) this.#bind(wanted, connection);
    }
  }

  /** There is no connection for now. */
  down(): void {
    this.#connection = undefined;
  }

  /** The connection is gone for good; the next one is another. */
  lost(): void {
    this.down();
    for (const wanted of this.#wanted) wanted.live = undefined;
  }

  /** Nobody wants anything any more. */
  clear(): void {
    this.down();
    this.#wanted.clear();
  }

  #bind(wanted: Wanted, connection: NatsConnection): void {
    const { subject, queue } = wanted;
    wanted.live = connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) wanted.onRefused(error);
        else this.#deliver(wanted, message);
      },
    });
  }

  /** What throws here would end up in the library's reader, and end the connection. */
  #deliver({ subject, onMessage }: Wanted, message: Msg): void {
    try {
      onMessage(messageOf(message));
    } catch (error) {
      this.#logger.error("a message from NATS could not be handled", { subject, error });
    }
  }

  async #drain(wanted: Wanted, bounds: Bounds = {}): Promise<void> {
    if (!this.#wanted.delete(wanted)) return;
    const { live, subject } = wanted;
    if (live === undefined || live.isClosed()) return;
    if (this.#connection === undefined) {
      live.unsubscribe();
      return;
    }
    const drained = live.drain().catch((error: unknown) => {
      this.#logger.debug("a NATS subscription ended without its last messages", { subject, error });
    });
    if (!(await endsWithin(drained, bounds)) && !live.isClosed()) live.unsubscribe();
  }

  #end(wanted: Wanted): void {
    this.#wanted.delete(wanted);
    if (wanted.live?.isClosed() === false) wanted.live.unsubscribe();
  }
}

function messageOf(message: Msg): NatsMessage {
  const { subject, reply, data, headers } = message;
  const noResponders = data.byteLength === 0 && headers?.code === 503;
  return { subject, reply: reply === "" ? undefined : reply, data, noResponders };
}
