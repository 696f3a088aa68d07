import { type Logger, logFailure, MicroError, markLogged } from "@micro/core";
import type { NatsConnection } from "nats";
import { Confirmations } from "./confirmations.ts";
import { KeptConnection } from "./kept-connection.ts";
import type { LinkSettings, NatsLinkCounters, NatsMessage, NatsSubscription } from "./link-types.ts";
import { cancelled, natsError, unreachable } from "./nats-errors.ts";
import type { Losses } from "./outage-log.ts";
import { OutgoingMessages } from "./outgoing.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type Bounds, endsWithin, waitFor } from "./waiting.ts";

/** What a {@link NatsLink} is made of. */
export interface NatsLinkOptions {
  readonly settings: LinkSettings;
  readonly logger: Logger;
}

/** How a {@link NatsLink} publishes. */
export interface PublishOptions {
  /** Where an answer is expected. */
  readonly reply?: string | undefined;
  /** For what somebody waits, and what is a collection of messages itself. @default false */
  readonly atOnce?: boolean;
}

interface SubscribeOptions extends Bounds {
  readonly queue?: string | undefined;
  readonly onMessage: (message: NatsMessage) => void;
}

/**
 * One connection that several plugins share. It is desired state: made when the first holds it, in the background and
 * again after every outage, with its subscriptions. What is asked of it meanwhile waits as long as its caller allows.
 */
export class NatsLink {
  /** Servers, for errors and logs. */
  readonly servers: string;
  readonly #options: NatsLinkOptions;
  readonly #subscriptions: Subscriptions;
  readonly #onUp = new Set<() => void>();
  readonly #onDown = new Set<() => Losses | undefined>();
  readonly #confirmations = new Confirmations();
  readonly #outgoing: OutgoingMessages;
  readonly #kept: KeptConnection;
  #disconnects = 0;
  #holders = 0;
  /** The first try to connect has failed. */
  #tried = false;
  #waiters = new Set<() => void>();
  #closing: Promise<void> = Promise.resolve();

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    const { logger, settings } = options;
    this.servers = settings.servers.join(", ");
    this.#outgoing = new OutgoingMessages({
      onTaken: (connection, messages, bytes) => this.#confirmations.sent(connection, messages, bytes),
      onError: (error, messages) => {
        logFailure(logger, "NATS did not take what was published", { error, messages });
      },
    });
    // What was published before a subscription began or ended is for those before.
    this.#subscriptions = new Subscriptions(logger, () => this.#outgoing.handOver());
    this.#kept = new KeptConnection({
      settings,
      servers: this.servers,
      logger,
      onUp: (connection) => this.#cameUp(connection),
      onDown: () => this.#wentDown(),
      onDiscarded: () => this.#subscriptions.lost(),
      onTried: () => {
        this.#tried = true;
        this.#wake();
      },
    });
  }

  get counters(): NatsLinkCounters {
    return { disconnects: this.#disconnects, unconfirmed: this.#confirmations.lost };
  }

  get connected(): boolean {
    return this.#kept.up !== undefined;
  }

  /** Largest payload the server takes, in bytes; Infinity while there is none. */
  get maxPayload(): number {
    return this.#kept.up?.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  /** Somebody uses it: resolves when it is connected, or when a first try failed and others follow. Never rejects. */
  async hold(): Promise<void> {
    this.#holders++;
    await this.#closing;
    if (!this.#kept.wanted) {
      this.#tried = false;
      this.#kept.open();
    }
    // Who starts now finds it connected, or learns from its first operation what is wrong.
    await waitFor(this.#waiters, {
      until: () => this.connected || this.#tried,
      timeoutMs: this.#options.settings.timeout ?? 2000,
    });
  }

  /** The other end of `hold`; the last one closes the connection, what was published before goes out first. */
  async release({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#closing = this.#close(graceMs);
    await this.#closing;
  }

  /** `listener` is called after each reconnect, when subscriptions are back; returns how to take it away. */
  onUp(listener: () => void): () => void {
    this.#onUp.add(listener);
    return () => this.#onUp.delete(listener);
  }

  /**
   * `listener` is called when a connection is lost: what the server had sent since is lost too. It returns how much of
   * what was lost with it, for the line in the log: `{ calls: 3 }`. Returns how to take it away.
   */
  onDown(listener: () => Losses | undefined): () => void {
    this.#onDown.add(listener);
    return () => this.#onDown.delete(listener);
  }

  /** Bytes that were published and that the server has not confirmed yet. */
  get unconfirmedBytes(): number {
    return this.#confirmations.bytes + this.#outgoing.bytes;
  }

  /** Resolves when it is connected; rejects with `UNAVAILABLE` at the bounds, `CANCELLED` on abort. */
  async ready(what: string, bounds: Bounds = {}): Promise<void> {
    if (this.connected) return;
    if (!this.#kept.wanted) throw this.#unavailable(what);
    const came = await waitFor(this.#waiters, {
      ...bounds,
      until: () => this.connected || !this.#kept.wanted,
    });
    if (bounds.signal?.aborted) throw cancelled(what, bounds.signal);
    if (!came || !this.connected) throw this.#unavailable(what);
  }

  /**
   * Publishes with what else this turn of the event loop publishes, or `atOnce`; until then the payload must not change.
   * Throws `UNAVAILABLE` without a connection, `RESOURCE_EXHAUSTED` with the limit for a payload over the server's, before
   * anything is sent.
   */
  publish(subject: string, data: Uint8Array, { reply, atOnce = false }: PublishOptions = {}): void {
    const connection = this.#kept.up;
    if (connection === undefined) throw this.#unavailable(`publishing to '${subject}'`);
    this.checkPayload(subject, data);
    this.#outgoing.add(connection, { subject, data, reply });
    if (atOnce) this.#outgoing.handOver();
  }

  /** Throws `RESOURCE_EXHAUSTED` with the server's limit for a payload over it. */
  checkPayload(subject: string, data: Uint8Array): void {
    const limit = this.maxPayload;
    if (data.byteLength <= limit) return;
    throw natsError(
      "RESOURCE_EXHAUSTED",
      `publishing to '${subject}': the payload has ${data.byteLength} bytes, and max_payload of the NATS server allows ${limit}`,
    );
  }

  /** Undefined when more may be published; else a promise for when the server has taken what is on the way. */
  pressure(): Promise<void> | undefined {
    return this.#confirmations.pressure();
  }

  /** Resolves when the server has taken all that was published; rejects with `UNAVAILABLE` or at the bounds. */
  async flush(what: string, bounds: Bounds = {}): Promise<void> {
    await this.ready(what, bounds);
    const connection = this.#kept.up;
    if (connection === undefined) throw this.#unavailable(what);
    this.#outgoing.handOver();
    let failure: unknown;
    const flushed = this.#confirmations.flush(connection).catch((error: unknown) => {
      failure = error;
    });
    if (!(await endsWithin(flushed, bounds))) {
      if (bounds.signal?.aborted) throw cancelled(what, bounds.signal);
      throw natsError("UNAVAILABLE", `${what}: NATS (${this.servers}) does not answer`, { notSent: false });
    }
    if (failure === undefined) return;
    const detail = `${what}: the connection to NATS (${this.servers}) was lost`;
    // The log has it, or is about to.
    throw markLogged(natsError("UNAVAILABLE", detail, { cause: failure, notSent: false }));
  }

  /** Resolves when the server knows of it. Rejects with `FORBIDDEN` when it does not allow it, else as `ready` does. */
  async subscribe(subject: string, options: SubscribeOptions): Promise<NatsSubscription> {
    const what = `subscribing to '${subject}'`;
    const { queue, onMessage } = options;
    await this.ready(what, options);
    let begun = false;
    let refused: unknown;
    const onRefused = (error: unknown): void => {
      if (begun) this.#refused(subject, error);
      else refused = error;
    };
    const subscription = this.#subscriptions.add(subject, { queue, onMessage, onRefused });
    try {
      await this.flush(what, options);
    } catch (error) {
      subscription.end();
      throw error;
    }
    begun = true;
    if (refused === undefined) return subscription;
    subscription.end();
    const detail = `${what}: NATS does not allow it: ${MicroError.from(refused).detail}`;
    throw natsError("FORBIDDEN", detail, { cause: refused });
  }

  /** The same without waiting: it begins with the connection, and that the server does not allow it is logged. */
  listen(subject: string, onMessage: (message: NatsMessage) => void): NatsSubscription {
    const onRefused = (error: unknown): void => this.#refused(subject, error);
    return this.#subscriptions.add(subject, { onMessage, onRefused });
  }

  #refused(subject: string, error: unknown): void {
    this.#options.logger.error("NATS does not allow a subscription", { subject, error });
  }

  #cameUp(connection: NatsConnection): number {
    this.#subscriptions.up(connection);
    const { size } = this.#subscriptions;
    this.#wake();
    for (const listener of this.#onUp) listener();
    return size;
  }

  #wentDown(): Losses {
    this.#subscriptions.down();
    this.#disconnects++;
    let losses: Losses = { unconfirmed: this.#confirmations.disconnected(this.#outgoing.clear()) };
    for (const listener of this.#onDown) losses = { ...losses, ...listener() };
    return losses;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = this.#kept.close(graceMs, async (up) => {
      if (up !== undefined) {
        this.#outgoing.handOver();
        const flushed = this.#confirmations.flush(up).catch(() => undefined);
        await endsWithin(flushed, { timeoutMs: Math.max(graceMs, 100) });
      }
      this.#subscriptions.clear();
    });
    this.#wake();
    await closed;
    const unconfirmed = this.#confirmations.disconnected(this.#outgoing.clear());
    if (unconfirmed > 0) {
      this.#options.logger.warn("NATS may not have got what was published last", { unconfirmed });
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  #unavailable(what: string): MicroError {
    const error = unreachable(what, { servers: this.servers, problem: this.#kept.problem });
    return this.#kept.outageLogged ? markLogged(error) : error;
  }
}
