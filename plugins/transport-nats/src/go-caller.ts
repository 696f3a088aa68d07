import { Metadata, MicroError } from "@micro/core";
import {
  CreditStream,
  type ExchangePort,
  SERVER_ID,
  ServerExchange,
  type StreamPort,
  type TransportMessage,
  transportError,
  unavailable,
} from "@micro/transport";
import { begin, type Caller, type CallerOptions, tooMany } from "./caller.ts";
import { EMPTY } from "./frames.ts";
import { decodeGoMessage, encodeGoMessage, endsStream } from "./go-message.ts";
import type { Box } from "./mailbox.ts";
import { Room } from "./room.ts";

/** Ended streams that are remembered, so that late messages do not begin them anew. */
const MAX_ENDED = 1024;

/** A Go client, which is known by the inbox that it wants its answers in (spec 2.4). */
export class GoCaller implements Caller, StreamPort, ExchangePort {
  readonly subject: string;
  readonly local: string;
  readonly #options: CallerOptions;
  readonly #calls = new Map<number, ServerExchange>();
  readonly #streams = new Map<string, CreditStream>();
  readonly #ended = new Set<string>();
  /** Where NATS says that the caller is gone. */
  readonly #box: Box;
  readonly #room: Room;
  #nextId = 1;
  #lastHeard = performance.now();
  #gone = false;

  constructor(options: CallerOptions) {
    this.subject = options.subject;
    this.local = options.address;
    this.#options = options;
    this.#room = new Room(options.context.link, () => {
      for (const stream of this.#streams.values()) stream.room();
    });
    const gone = unavailable("the caller is gone", { id: SERVER_ID });
    this.#box = options.context.mailbox.open(() => this.#leave(gone));
  }

  get remote(): string {
    return this.subject;
  }

  get running(): number {
    return this.#calls.size + this.#streams.size;
  }

  take(data: Uint8Array): void {
    this.#lastHeard = performance.now();
    const first = decodeGoMessage(data, this.#options.context.settings);
    const key = first.header.get("micro-stream");
    if (this.running === 0 && endsStream(first) && !this.#ended.has(key ?? "")) {
      this.#leave(unavailable("the caller has gone", { id: SERVER_ID }));
      return;
    }
    if (key === undefined || key === "") this.#onCall(first);
    else this.#onStreamMessage(first, key);
  }

  drain(): void {
    // Go has no word for it (spec 2.4).
  }

  close(reason: Error): void {
    // Its client waits for answers and would not learn otherwise that there will be none.
    const error = MicroError.from(reason, { id: SERVER_ID });
    if (!this.#options.context.link.connected) {
      this.#leave(reason);
      return;
    }
    for (const { first } of this.#calls.values()) this.#speak(first.header, error);
    for (const [key, stream] of this.#streams) this.#speak(streamHeader(stream.id, key), error);
    this.#leave(reason);
  }

  #leave(reason: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#box.close();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.abort(reason);
    for (const stream of this.#streams.values()) stream.break(reason);
    this.#options.onGone(this);
  }

  // ---- what its exchanges and streams need ----

  reply(exchange: ServerExchange, message: TransportMessage): void {
    if (this.#gone) return;
    try {
      this.#publish(message);
    } catch (error) {
      this.#options.context.logger.error("a reply cannot be sent; the caller is told so", { error });
      this.#speak(exchange.first.header, MicroError.from(error, { id: SERVER_ID }));
    }
    this.#endCall(exchange.number);
  }

  streamOf(exchange: ServerExchange): CreditStream {
    const stream = this.#newStream(exchange.id, `call ${exchange.number}`);
    exchange.onAbort((reason) => stream.break(reason));
    stream.peerEnd();
    this.#calls.delete(exchange.number);
    return stream;
  }

  get full(): boolean {
    return this.#room.full;
  }

  message(_stream: CreditStream, message: TransportMessage): void {
    if (!this.#gone) this.#publish(message);
    this.#room.watch();
  }

  end(): void {
    // Go knows no half-close but the EOS message, which the layer above sends itself (spec 1.12).
  }

  cancel(stream: CreditStream, reason: Error): void {
    const error = MicroError.from(reason, { id: SERVER_ID });
    if (!this.#gone) this.#speak(streamHeader(stream.id, stream.stream), error);
  }

  taken(): void {
    // Nothing holds a Go peer back: see maxReadBuffer.
  }

  over(stream: CreditStream): void {
    this.#streams.delete(stream.stream);
    this.#ended.add(stream.stream);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.values().next().value as string);
    this.#settle();
  }

  #endCall(id: number): void {
    if (this.#calls.delete(id)) this.#settle();
  }

  #settle(): void {
    if (this.running === 0) this.#options.onIdle();
  }

  #publish(message: TransportMessage): void {
    const { link, settings } = this.#options.context;
    // The reply subject is for NATS alone: where the caller is gone, it says so.
    link.publish(this.subject, encodeGoMessage(message, settings), { reply: this.#box.subject });
  }

  /** An error of the transport itself, as an error of the call (spec 1.11). */
  #speak(request: Metadata, error: MicroError): void {
    const text = JSON.stringify(error);
    const header = new Metadata({ "content-type": "application/json" });
    for (const key of ["micro-id", "micro-stream"]) {
      const value = request.get(key);
      if (value !== undefined) header.setLower(key, value);
    }
    header.setLower("micro-error", text).setLower("x-micro-error", text);
    try {
      this.#publish({ header, body: EMPTY });
    } catch (failure) {
      this.#options.context.logger.warn("a caller could not be told of an error", {
        error: failure,
        told: error,
      });
    }
  }

  // ---- what NATS brings ----

  #onCall(first: TransportMessage): void {
    const exchange = this.#exchange(first);
    const refused = tooMany(this.running, this.#options);
    if (refused !== undefined) {
      this.#speak(first.header, refused);
      return;
    }
    this.#calls.set(exchange.number, exchange);
    const error = begin(exchange, this.#options);
    if (error === undefined) return;
    this.#speak(first.header, error);
    exchange.abort(error);
    this.#endCall(exchange.number);
  }

  #onStreamMessage(first: TransportMessage, key: string): void {
    const stream = this.#streams.get(key);
    const last = first.header.has("micro-error");
    if (stream !== undefined) {
      this.#toStream(stream, first);
      if (last) stream.peerEnd();
      return;
    }
    // The end of a stream that has ended here, or data sent before the peer learned of it (spec 1.12).
    if (last || this.#ended.has(key)) return;
    const refused = tooMany(this.running, this.#options);
    if (refused !== undefined) {
      this.#speak(first.header, refused);
      return;
    }
    const begun = this.#newStream(first.header.get("micro-id") ?? key, key);
    const error = begin(this.#exchange(first, begun), this.#options);
    if (error === undefined) return;
    this.#speak(first.header, error);
    begun.break(error);
  }

  #exchange(first: TransportMessage, stream?: CreditStream): ServerExchange {
    const id = first.header.get("micro-id") ?? "";
    return new ServerExchange(this, { first, id, number: this.#nextId++, stream });
  }

  #toStream(stream: CreditStream, message: TransportMessage): void {
    const { maxReadBuffer } = this.#options.context.settings;
    if (stream.unreadBytes <= maxReadBuffer) {
      stream.deliver(message);
      return;
    }
    const detail = `a stream is not read: more than transport.max_read_buffer, ${maxReadBuffer} bytes, wait, and nothing holds a Go peer on NATS back`;
    this.#options.context.logger.warn("a stream was broken", { remote: this.subject, reason: detail });
    stream.abort(transportError("RESOURCE_EXHAUSTED", detail, { id: SERVER_ID }));
  }

  #newStream(id: string, key: string): CreditStream {
    const { settings } = this.#options.context;
    const stream = new CreditStream(this, {
      id,
      stream: key,
      sendWindow: Number.POSITIVE_INFINITY,
      receiveWindow: settings.streamWindow,
      strict: false,
      dialled: false,
      maxWriteBuffer: settings.maxWriteBuffer,
    });
    this.#streams.set(key, stream);
    return stream;
  }

  check(now: number): void {
    // Go's own server forgets it after a minute too (spec 2.4); whoever comes again is new.
    const { idleTimeout } = this.#options.context.settings;
    if (this.running === 0 && now - this.#lastHeard > idleTimeout) {
      this.#leave(unavailable("the caller has been silent", { id: SERVER_ID }));
    }
  }
}

function streamHeader(id: string, stream: string): Metadata {
  return new Metadata({ "micro-id": id, "micro-stream": stream });
}
