import { MicroError } from "@micro/core";
import {
  type CreditStream,
  type ExchangePort,
  SERVER_ID,
  ServerExchange,
  type StreamPort,
  streamOfCall,
  type TransportMessage,
  transportError,
  unavailable,
} from "@micro/transport";
import { begin, type Caller, type CallerOptions, tooMany } from "./caller.ts";
import { FRAME_BYTES, type Frame, Kind, MAGIC, readFrames, readNumbers } from "./frames.ts";
import type { Box } from "./mailbox.ts";
import { MuxEnd } from "./mux-end.ts";

/** The listening side of a session of one of our own peers (see frames.ts). */
export class MuxCaller implements Caller, ExchangePort {
  readonly subject: string;
  readonly local: string;
  readonly #options: CallerOptions;
  readonly #end: MuxEnd;
  readonly #calls = new Map<number, ServerExchange>();
  /** Where NATS says that the caller is gone; opened for the first question. */
  #box: Box | undefined;
  #lastId = 0;
  #peerWindow = 0;
  #lastHeard = performance.now();
  #asked = 0;
  #lastAsked = 0;
  #complained = false;
  #gone = false;

  constructor(options: CallerOptions) {
    const { context, subject, address } = options;
    const { link } = context;
    this.subject = subject;
    this.local = address;
    this.#options = options;
    this.#end = new MuxEnd({
      context,
      id: SERVER_ID,
      dialled: false,
      onOver: () => this.#settle(),
      publish: (payload) => link.publish(subject, payload, { atOnce: true }),
      onError: (error) => this.#leave(error),
    });
  }

  get remote(): string {
    return this.subject;
  }

  get running(): number {
    return this.#calls.size + this.#end.streams.size;
  }

  take(data: Uint8Array): void {
    this.#lastHeard = performance.now();
    this.#asked = 0;
    try {
      readFrames(data, (frame) => this.#onFrame(frame));
    } catch (error) {
      this.#options.context.logger.warn("a session broke the protocol and is closed", {
        error,
        remote: this.subject,
      });
      this.close(error as Error);
    }
  }

  drain(): void {
    this.#end.control(Kind.drain, 0);
  }

  close(reason: Error): void {
    this.#end.close(Kind.bye);
    this.#leave(reason);
  }

  #leave(reason: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#end.close();
    this.#box?.close();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.abort(reason);
    this.#end.breakAll(reason);
    this.#options.onGone(this);
  }

  // ---- what its exchanges and streams need ----

  reply(exchange: ServerExchange, message: TransportMessage): void {
    if (this.#gone || !this.#calls.has(exchange.number)) return;
    try {
      this.#end.send(Kind.reply, exchange.number, message);
    } catch (error) {
      // Once for each caller: one that asks for too much shall not fill the log as well.
      if (!this.#complained) {
        this.#options.context.logger.error("a reply cannot be sent; the caller is told so", { error });
      }
      this.#complained = true;
      this.#speak(Kind.fail, exchange.number, MicroError.from(error, { id: SERVER_ID }));
    }
    this.#endCall(exchange.number);
  }

  /** The caller made a call: the first message is its reply, and there is no place for more. */
  streamOf(exchange: ServerExchange): CreditStream {
    const { number } = exchange;
    const port: StreamPort = {
      full: false,
      message: (_, message) => this.reply(exchange, message),
      end: () => undefined,
      cancel: () => this.#end.control(Kind.cancel, number),
      taken: () => undefined,
      over: () => this.#endCall(number),
    };
    return streamOfCall(exchange, {
      port,
      maxWriteBuffer: this.#options.context.settings.maxWriteBuffer,
    });
  }

  #endCall(id: number): void {
    if (this.#calls.delete(id)) this.#settle();
  }

  #settle(): void {
    if (this.running === 0) this.#options.onIdle();
  }

  /** An error of the transport itself. */
  #speak(kind: typeof Kind.refuse | typeof Kind.fail, id: number, error: MicroError): void {
    this.#end.control(kind, id, JSON.stringify(error));
  }

  // ---- what NATS brings ----

  #onFrame(frame: Frame): void {
    const { kind, id, head } = frame;
    if (this.#gone) return;
    switch (kind) {
      case Kind.call:
        this.#onCall(frame);
        break;
      case Kind.message:
        this.#onStreamMessage(frame);
        break;
      case Kind.cancel:
        this.#cancelled(id);
        break;
      case Kind.hello:
        this.#onHello(head);
        break;
      case Kind.bye:
        this.#leave(unavailable("the caller closed the session", { id: SERVER_ID }));
        break;
      default:
        if (this.#end.take(frame)) break;
        throw transportError("BAD_REQUEST", `the caller sent a frame of the unknown kind ${kind}`);
    }
  }

  #onHello(head: string): void {
    const { streamWindow, maxConcurrent } = this.#options.context.settings;
    this.#peerWindow = readNumbers(head, 1)?.[0] ?? streamWindow;
    this.#end.control(Kind.ready, 0, `${streamWindow} ${maxConcurrent}`);
  }

  #onCall(frame: Frame): void {
    const { id } = frame;
    if (id <= this.#lastId) throw transportError("BAD_REQUEST", `a call came with the number ${id} again`);
    this.#lastId = id;
    const first = this.#first(frame);
    if (first === undefined) return;
    const exchange = this.#exchange(id, first);
    this.#calls.set(id, exchange);
    const error = begin(exchange, this.#options);
    if (error === undefined) return;
    this.#speak(Kind.fail, id, error);
    exchange.abort(error);
    this.#endCall(id);
  }

  #onStreamMessage(frame: Frame): void {
    const { id } = frame;
    const stream = this.#end.streams.get(id);
    if (stream !== undefined) {
      this.#toStream(stream, frame);
      return;
    }
    // What was sent before the caller learned of the end.
    if (id <= this.#lastId) {
      this.#end.forget(id);
      return;
    }
    this.#lastId = id;
    const first = this.#first(frame);
    if (first === undefined) return;
    const begun = this.#end.open(id, this.#peerWindow);
    const error = begin(this.#exchange(id, first, begun), this.#options);
    if (error === undefined) return;
    this.#speak(Kind.fail, id, error);
    begun.break(error);
  }

  #exchange(number: number, first: TransportMessage, stream?: CreditStream): ServerExchange {
    return new ServerExchange(this, { first, id: `${number}`, number, stream });
  }

  /** The first message of an exchange; one that cannot begin is refused. */
  #first(frame: Frame): TransportMessage | undefined {
    let error = tooMany(this.running, this.#options);
    try {
      const first = this.#end.whole(frame);
      if (error === undefined) return first;
    } catch (thrown) {
      error = MicroError.from(thrown, { id: SERVER_ID });
    }
    this.#speak(Kind.refuse, frame.id, error);
    return undefined;
  }

  #toStream(stream: CreditStream, frame: Frame): void {
    let message: TransportMessage;
    try {
      message = this.#end.whole(frame);
    } catch (thrown) {
      const error = MicroError.from(thrown, { id: SERVER_ID });
      this.#speak(Kind.fail, frame.id, error);
      stream.break(error);
      return;
    }
    this.#end.deliver(stream, message);
  }

  #cancelled(id: number): void {
    this.#end.streams.get(id)?.break(unavailable("the caller gave the stream up", { id: SERVER_ID }));
    const exchange = this.#calls.get(id);
    if (exchange === undefined) return;
    this.#calls.delete(id);
    exchange.abort(transportError("CANCELLED", "the caller gave the call up", { id: SERVER_ID }));
    this.#settle();
  }

  check(now: number): void {
    const { probeInterval, peerTimeout, idleTimeout } = this.#options.context.settings;
    const silence = this.running > 0 ? probeInterval : idleTimeout;
    if (this.#asked > 0 && now - this.#asked > peerTimeout) {
      this.#leave(unavailable("the caller does not answer any more", { id: SERVER_ID }));
    } else if (now - Math.max(this.#lastHeard, this.#lastAsked) >= silence) this.#ask(now);
  }

  /** By a reply subject of our own NATS can tell that the caller is gone. */
  #ask(now: number): void {
    const { link, mailbox } = this.#options.context;
    this.#lastAsked = now;
    if (this.#asked === 0) this.#asked = now;
    // NATS, or a mailbox that does not know the session any more; the caller itself answers as it always does.
    this.#box ??= mailbox.open(() => this.#leave(unavailable("the caller is gone", { id: SERVER_ID })));
    const ping = Buffer.alloc(1 + FRAME_BYTES);
    ping[0] = MAGIC;
    ping[1] = Kind.ping;
    this.#end.flush();
    try {
      link.publish(this.subject, ping, { reply: this.#box.subject });
    } catch (error) {
      this.#leave(error as Error);
    }
  }
}
