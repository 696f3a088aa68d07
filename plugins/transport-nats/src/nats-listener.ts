import type { NatsMessage, NatsSubscription } from "@micro/nats";
import {
  type IncomingExchange,
  type Listener,
  SERVER_ID,
  transportError,
  unavailable,
} from "@micro/transport";
import type { Caller, CallerOptions } from "./caller.ts";
import { FRAME_BYTES, Kind, MAGIC } from "./frames.ts";
import { GoCaller } from "./go-caller.ts";
import { GO_GOODBYE } from "./go-message.ts";
import { MuxCaller } from "./mux-caller.ts";
import type { TransportContext } from "./settings.ts";

/** What a listener is made of. */
export interface ListenerOptions {
  /** The subject it listens on. */
  readonly address: string;
  readonly context: TransportContext;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Called when it is closed. */
  readonly onClosed: (listener: NatsListener) => void;
}

/** How long the end of a subscription may take to reach the server, in ms. */
const LAST_WORDS_MS = 500;

/** Takes calls and streams of Go's clients and our own on one subject. */
export class NatsListener implements Listener {
  readonly address: string;
  readonly #options: ListenerOptions;
  readonly #callers = new Map<string, Caller>();
  #subscription: NatsSubscription | undefined;
  #draining = false;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #refused = 0;

  constructor(options: ListenerOptions) {
    this.address = options.address;
    this.#options = options;
  }

  /** Rejects as `NatsLink.subscribe` does. */
  async listen(timeoutMs: number): Promise<void> {
    const { address, context } = this.#options;
    const onMessage = (message: NatsMessage): void => this.#take(message);
    this.#subscription = await context.link.subscribe(address, { onMessage, timeoutMs });
  }

  /** The same where there is no connection yet: it begins with that, and a refusal is logged. */
  listenLater(): void {
    const { address, context } = this.#options;
    // The connection itself tells that it is not there.
    context.logger.debug("not connected to NATS; listening begins with the connection", { address });
    this.#subscription = context.link.listen(address, (message) => this.#take(message));
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const caller of this.#callers.values()) caller.drain();
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.graceMs ?? 0);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.drain();
    if (graceMs > 0) await this.#idle(graceMs);
    this.abort(unavailable("the server was closed", { id: SERVER_ID }));
    this.#subscription?.end();
    const { link } = this.#options.context;
    // Whoever dials now shall be told by NATS that nobody is here.
    if (link.connected) {
      await link.flush("leaving", { timeoutMs: LAST_WORDS_MS }).catch((error: unknown) => {
        this.#options.context.logger.debug("NATS may not know yet that a listener is closed", { error });
      });
    }
    this.#options.onClosed(this);
  }

  /** Ends all that runs: a call of a lost connection cannot be answered. */
  abort(reason: Error): void {
    for (const caller of this.#callers.values()) caller.close(reason);
  }

  /** Exchanges that run, of all callers. */
  get running(): number {
    let running = 0;
    for (const caller of this.#callers.values()) running += caller.running;
    return running;
  }

  /** Called now and then, with `performance.now()`. */
  check(now: number): void {
    for (const caller of this.#callers.values()) caller.check(now);
  }

  /** Resolves when nothing runs, or when the time is over. */
  #idle(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      const done = (): void => {
        if (this.running > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onIdle = done;
      done();
    });
  }

  #take(message: NatsMessage): void {
    const { data, reply } = message;
    // Without a place for answers it is none of either kind.
    if (reply === undefined || data.length === 0) return;
    try {
      if (data[0] === MAGIC) this.#takeFrames(data, reply);
      else this.#takeGo(data, reply);
    } catch (error) {
      this.#options.context.logger.warn("a message could not be read", { error, remote: reply });
    }
  }

  #takeFrames(data: Uint8Array, reply: string): void {
    const dot = reply.lastIndexOf(".");
    const subject = reply.slice(0, dot);
    const count = Number(reply.slice(dot + 1));
    const known = this.#callers.get(subject);
    if (known !== undefined) {
      known.take(data, count);
      return;
    }
    if (data[1] !== Kind.hello) {
      // Of a session from before a restart or an outage. Its last word needs no answer.
      if (data[1] !== Kind.bye) this.#tell(subject, Kind.unknown, `${count}`);
      return;
    }
    const refusal = this.#refusal();
    if (refusal === undefined) this.#add(new MuxCaller(this.#callerOptions(subject))).take(data, count);
    else this.#tell(subject, Kind.refuse, JSON.stringify(refusal));
  }

  #takeGo(data: Uint8Array, reply: string): void {
    const known = this.#callers.get(reply);
    if (known !== undefined) known.take(data, 0);
    else if (data.length <= GO_GOODBYE.length && Buffer.compare(data, GO_GOODBYE) === 0) {
      // Of somebody who has gone, or who only asks whether anybody is here.
    } else if (this.#callers.size < this.#options.context.settings.maxSessions) {
      this.#add(new GoCaller(this.#callerOptions(reply))).take(data, 0);
    } else this.#refusal();
  }

  #callerOptions(subject: string): CallerOptions {
    const { context, onExchange } = this.#options;
    return {
      context,
      subject,
      address: this.address,
      onExchange,
      onIdle: () => this.#onIdle?.(),
      onGone: (caller) => {
        this.#callers.delete(caller.subject);
        this.#onIdle?.();
      },
    };
  }

  #add(caller: Caller): Caller {
    this.#callers.set(caller.subject, caller);
    return caller;
  }

  /** Why nobody new is taken; undefined when somebody is. */
  #refusal(): Error | undefined {
    if (this.#draining) return unavailable("the server shuts down", { id: SERVER_ID });
    const { maxSessions } = this.#options.context.settings;
    if (this.#callers.size < maxSessions) return undefined;
    const detail = `more than transport.max_sessions, ${maxSessions}, callers are known`;
    // Once, then every thousandth time: whoever floods us shall not flood the log.
    if (this.#refused++ % 1000 === 0) {
      this.#options.context.logger.warn("callers are refused", { reason: detail, refused: this.#refused });
    }
    return transportError("RESOURCE_EXHAUSTED", detail, { id: SERVER_ID });
  }

  /** One frame for somebody who is no caller. */
  #tell(subject: string, kind: number, head: string): void {
    const text = Buffer.from(head);
    const frame = Buffer.alloc(1 + FRAME_BYTES + text.length);
    frame[0] = MAGIC;
    frame[1] = kind;
    frame.writeUInt32BE(text.length, 6);
    frame.set(text, 1 + FRAME_BYTES);
    this.#options.context.link.publish(subject, frame);
  }
}
