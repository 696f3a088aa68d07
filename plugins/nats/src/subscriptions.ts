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
  readonly #before: () => void;
  #connection: NatsConnection | undefined;

  /** `before` is called before each subscription begins or ends. */
  constructor(logger: Logger, before: () => void) {
    this.#logger = logger;
    this.#before = before;
  }

  get size(): number {
    return this.#wanted.size;
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
    this.#before();
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
      onMessage(new Delivered(message));
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
    this.#before();
    const drained = live.drain().catch((error: unknown) => {
      this.#logger.debug("a NATS subscription ended without its last messages", { subject, error });
    });
    if (!(await endsWithin(drained, bounds)) && !live.isClosed()) live.unsubscribe();
  }

  #end(wanted: Wanted): void {
    this.#wanted.delete(wanted);
    this.#before();
    if (wanted.live?.isClosed() === false) wanted.live.unsubscribe();
  }
}

/** Decodes what it is asked for: of most messages nobody reads the reply subject or the header. */
class Delivered implements NatsMessage {
  readonly data: Uint8Array;
  readonly #message: Msg;

  constructor(message: Msg) {
    this.#message = message;
    this.data = message.data;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get reply(): string | undefined {
    const { reply } = this.#message;
    return reply === "" ? undefined : reply;
  }

  get noResponders(): boolean {
    return this.data.byteLength === 0 && this.#message.headers?.code === 503;
  }
}
