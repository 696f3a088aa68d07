import type { Socket } from "node:net";
import { MicroError } from "@micro/core";
import {
  CreditStream,
  type ExchangePort,
  type IncomingExchange,
  SERVER_ID,
  ServerExchange,
  type StreamPort,
  streamOfCall,
  type TransportMessage,
  tooLarge,
  transportError,
  unavailable,
} from "@micro/transport";
import { CallQueue } from "./call-queue.ts";
import { callNumber, NamedCallTable } from "./call-table.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { violation } from "./errors.ts";
import type { ReceivedMessage } from "./header-block.ts";
import { LastCall } from "./last-call.ts";
import { readId, readNumber } from "./mux-frames.ts";
import { ServerStreams } from "./server-streams.ts";
import { ServerWriter } from "./server-writer.ts";
import type { TransportContext } from "./session-parts.ts";

type Exchange = ServerExchange<ReceivedMessage>;

/** What the listener wants to know and is asked. */
export interface ServerConnectionOptions {
  readonly context: TransportContext;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Called when nothing runs on the connection any more. */
  readonly onIdle: () => void;
  readonly onClosed: (connection: ServerConnection) => void;
}

/** The listening side of one connection, for Go's clients and our own (see mux-frames.ts). */
export class ServerConnection implements ConnectionOwner, StreamPort, ExchangePort<ReceivedMessage> {
  readonly #options: ServerConnectionOptions;
  readonly #connection: Connection;
  readonly #writer: ServerWriter;
  readonly #openedAt = performance.now();
  /** Running calls by id; those without one, which only hand-made clients send, are one after the other under "". */
  readonly #calls = new NamedCallTable<Exchange>();
  readonly #queue = new CallQueue();
  readonly #streams = new ServerStreams();
  #fresh = true;
  #multiplexed = false;
  #peerWindow = Number.POSITIVE_INFINITY;
  #closing = false;
  /** When a peer that was silent for long was asked to leave; 0 while it was not. */
  #askedToLeave = 0;
  /** Before a connection of Go's kind without calls is closed. */
  readonly #lastCall = new LastCall(
    () => this.#connection.reader.partial,
    () => this.#settle(),
  );
  #paused = false;

  constructor(socket: Socket, options: ServerConnectionOptions) {
    const { context } = options;
    this.#options = options;
    this.#connection = new Connection(socket, { kind: "request", owner: this, ...context });
    this.#writer = new ServerWriter(this.#connection.outbox, context);
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get local(): string {
    return this.#connection.local;
  }

  /** Exchanges that run. */
  get running(): number {
    return this.#calls.size + this.#queue.size + this.#streams.size;
  }

  /**
   * Asks the peer to begin nothing new here. Go's clients are told by the end of the connection alone: after the call
   * that runs, or after a moment in which one that is on its way still arrives.
   */
  drain(): void {
    if (this.#multiplexed) {
      this.#writer.control("drain");
      this.#settle();
      return;
    }
    this.#closing = true;
    // Who reads it sends no other call behind the reply, which would be lost.
    this.#writer.announceClose();
    this.#lastCall.wait();
  }

  /** True for a peer that closes by itself once it has read that this side drains, and for one that will be closed soon. */
  get closesItself(): boolean {
    return this.#multiplexed || this.#lastCall.waiting;
  }

  /** Writes what is left within `lingerMs` and closes; what still runs is aborted with `reason`. */
  close(reason: Error, lingerMs: number): void {
    if (this.running === 0) this.#connection.end(lingerMs);
    else {
      this.#abortAll(reason);
      this.#connection.destroy(reason);
    }
  }

  // ---- what its connection tells ----

  onMessage(message: ReceivedMessage): void {
    if (this.#fresh) {
      this.#fresh = false;
      if (message.control === "hello") {
        this.#onHello(message);
        return;
      }
    }
    if (message.control !== undefined && this.#multiplexed) this.#onControl(message.control, message);
    else this.#onRequest(message);
    this.#pauseOrResume();
  }

  #onRequest(message: ReceivedMessage): void {
    if (message.close) {
      // Nothing behind it is read; it is answered, then the connection closes (spec 1.1).
      this.#closing = true;
      this.#connection.reader.close();
      this.#writer.announceClose();
    }
    if (message.stream === undefined) this.#onCall(message);
    else this.#onStreamMessage(message, message.stream);
  }

  #onCall(message: ReceivedMessage): void {
    const exchange = this.#exchange(message, undefined);
    if (this.#calls.add(exchange)) this.#begin(exchange);
    else if (this.#multiplexed)
      this.onViolation(violation(`a call came with the id ${exchange.id} of one that runs`));
    else if (this.running < this.#options.context.settings.maxConcurrent) this.#queue.add(message);
    else this.onViolation(violation("too many calls with one id wait for each other"));
  }

  #onStreamMessage(message: ReceivedMessage, key: string): void {
    const stream = this.#streams.find(key);
    if (stream !== undefined) {
      this.#toStream(stream, message);
      return;
    }
    // The end of a stream that has ended here, or data sent before the peer learned of it (spec 1.12).
    if (this.#streams.hasEnded(key) || message.header.has("micro-error")) return;
    if (this.#multiplexed && (readId(message) === 0 || message.id !== key)) {
      this.onViolation(violation("a stream's messages have no number, or two"));
      return;
    }
    const { settings } = this.#options.context;
    const begun = new CreditStream(this, {
      id: message.id ?? key,
      stream: key,
      sendWindow: this.#peerWindow,
      receiveWindow: settings.streamWindow,
      strict: this.#multiplexed,
      dialled: false,
      maxWriteBuffer: settings.maxWriteBuffer,
    });
    this.#streams.add(begun);
    this.#begin(this.#exchange(message, begun), begun);
  }

  #exchange(first: ReceivedMessage, stream: CreditStream | undefined): Exchange {
    const id = first.id ?? "";
    return new ServerExchange(this, { first, id, number: callNumber(id), stream });
  }

  #begin(exchange: Exchange, stream?: CreditStream): void {
    const { context, onExchange } = this.#options;
    const { maxConcurrent, maxMessageSize } = context.settings;
    const size = exchange.first.tooLarge;
    let error: MicroError;
    if (size > 0) error = tooLarge(size, maxMessageSize, { id: SERVER_ID });
    else if (this.running > maxConcurrent) {
      const detail = `more than transport.max_concurrent, ${maxConcurrent}, exchanges run on the connection`;
      error = transportError("RESOURCE_EXHAUSTED", detail, { id: SERVER_ID });
    } else {
      try {
        onExchange(exchange);
      } catch (thrown) {
        context.logger.error("the receiver of an exchange failed", { error: thrown, remote: this.remote });
        if (exchange.replied) return;
        this.#writer.speak("fail", exchange, MicroError.from(thrown, { id: SERVER_ID }));
        this.#giveUp(exchange, stream);
      }
      return;
    }
    this.#writer.speak("refuse", exchange, error);
    this.#giveUp(exchange, stream);
  }

  /** Ends an exchange about which the peer was told already. */
  #giveUp(exchange: Exchange, stream: CreditStream | undefined): void {
    const reason = unavailable("the exchange was refused", { id: SERVER_ID });
    exchange.abort(reason);
    if (stream === undefined) this.#endCall(exchange);
    else stream.break(reason);
  }

  #toStream(stream: CreditStream, message: ReceivedMessage): void {
    if (message.tooLarge > 0) {
      const error = tooLarge(message.tooLarge, this.#options.context.settings.maxMessageSize, {
        id: SERVER_ID,
      });
      this.#writer.speak("fail", stream, error);
      stream.break(error);
    } else if (!stream.deliver(message)) {
      this.onViolation(violation(`stream ${stream.id} was sent more than it was given credit for`));
    } else if (!this.#multiplexed && message.header.has("micro-error")) stream.peerEnd();
  }

  #onHello(message: ReceivedMessage): void {
    const { settings } = this.#options.context;
    this.#multiplexed = true;
    this.#connection.reader.hideLength();
    this.#peerWindow = readNumber(message.header.get("micro-window")) ?? settings.streamWindow;
    this.#writer.control("ready", {
      window: settings.streamWindow,
      concurrency: settings.maxConcurrent,
    });
    if (this.#closing) this.#writer.control("drain");
  }

  #onControl(name: string, message: ReceivedMessage): void {
    const key = message.id ?? "";
    const stream = this.#streams.find(key);
    switch (name) {
      case "credit":
        stream?.grant(readNumber(message.header.get("micro-credit")) ?? 0);
        break;
      case "end":
        stream?.peerEnd();
        break;
      case "cancel":
        stream?.break(unavailable("the caller gave the stream up", { id: SERVER_ID }));
        this.#cancelCall(key);
        break;
      case "ping":
        this.#writer.control("pong");
        break;
      default:
        this.onViolation(violation(`the peer sent the unknown frame ${JSON.stringify(name)}`));
    }
  }

  #cancelCall(key: string): void {
    const exchange = this.#calls.get(key);
    if (exchange === undefined) return;
    this.#calls.delete(exchange);
    exchange.abort(transportError("CANCELLED", "the caller gave the call up", { id: SERVER_ID }));
    this.#settle();
  }

  // ---- what its exchanges and streams need ----

  reply(exchange: Exchange, message: TransportMessage): void {
    this.#writer.reply(exchange, message);
    this.#endCall(exchange);
  }

  streamOf(exchange: Exchange): CreditStream {
    return streamOfCall(exchange, {
      port: this,
      maxWriteBuffer: this.#options.context.settings.maxWriteBuffer,
    });
  }

  get full(): boolean {
    return this.#connection.outbox.full;
  }

  message(stream: CreditStream, message: TransportMessage): void {
    this.#writer.message(stream, message);
  }

  end(stream: CreditStream): void {
    // Go knows no half-close but the EOS message, which the layer above sends itself (spec 1.12).
    if (this.#multiplexed && stream.stream !== "") this.#writer.control("end", { id: stream.id });
  }

  cancel(stream: CreditStream): void {
    if (this.#multiplexed) this.#writer.control("cancel", { id: stream.id });
    else this.#connection.end();
  }

  taken(stream: CreditStream, bytes: number): void {
    if (!this.#multiplexed) {
      this.#pauseOrResume();
      return;
    }
    const credit = stream.owe(bytes);
    if (credit > 0) this.#writer.control("credit", { id: stream.id, credit });
  }

  over(stream: CreditStream, unread: boolean): void {
    if (stream.stream === "") {
      this.#endCall({ id: stream.id, number: callNumber(stream.id) });
      return;
    }
    if (unread && this.#multiplexed) this.#writer.control("stop", { id: stream.id });
    this.#streams.over(stream);
    this.#pauseOrResume();
    this.#settle();
  }

  #endCall(call: { readonly id: string; readonly number: number }): void {
    this.#calls.delete(call);
    this.#queue.ended(call.id, (next) => this.#onCall(next));
    this.#settle();
  }

  #settle(): void {
    if (this.running > 0) return;
    if (this.#closing) this.#connection.finish();
    this.#options.onIdle();
  }

  #pauseOrResume(): void {
    const { streamWindow } = this.#options.context.settings;
    const pause = this.full || (!this.#multiplexed && this.#streams.anyUnread(streamWindow));
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#connection.pause();
    else this.#connection.resume();
  }

  #abortAll(reason: Error): void {
    this.#queue.clear();
    for (const call of this.#calls.takeAll()) call.abort(reason);
    this.#streams.breakAll(reason);
  }

  // ---- more of what its connection tells ----

  onRoom(): void {
    this.#streams.room();
    this.#pauseOrResume();
  }

  onViolation(error: Error): void {
    if (MicroError.is(error) && error.code === "UNAVAILABLE") {
      // Gone in the middle of a message: a pity, but no breach of any rule.
      this.#connection.destroy(error);
      return;
    }
    const { logger } = this.#options.context;
    logger.warn("a connection broke the protocol and is closed", { error, remote: this.remote });
    this.#connection.reader.close();
    this.#abortAll(unavailable(`the connection broke the protocol: ${error.message}`, { cause: error }));
    this.#writer.violation(error);
    this.#connection.end();
  }

  onPeerEnd(): void {
    const gone = unavailable("the peer closed the connection", { id: SERVER_ID });
    // A client of Go that has sent EOS closes at once (spec 1.12): what it sent is still worth being worked off.
    if (!this.#multiplexed) this.#streams.stopEnded();
    this.#abortAll(gone);
    this.#connection.end();
  }

  onCheck(now: number): void {
    const { headerTimeout, idleTimeout } = this.#options.context.settings;
    const { reader, lastRead } = this.#connection;
    if (reader.headers === 0) {
      if (now - this.#openedAt > headerTimeout) {
        this.#connection.destroy(
          unavailable("no request came within transport.header_timeout", { id: SERVER_ID }),
        );
      }
    } else if (this.running === 0 && !reader.partial && !this.full && now - lastRead > idleTimeout) {
      this.#endIdle(now);
    }
  }

  /** A peer that multiplexes is asked to leave first: a call may be on its way. */
  #endIdle(now: number): void {
    if (!this.#multiplexed || this.#closing) this.#connection.end();
    else if (this.#askedToLeave === 0) {
      this.#askedToLeave = now;
      this.#writer.control("drain");
    } else if (now - this.#askedToLeave > this.#options.context.settings.idleTimeout) this.#connection.end();
  }

  onClosed(reason: Error | undefined): void {
    if (reason !== undefined) {
      const { logger } = this.#options.context;
      logger.debug("a connection broke", { error: reason, remote: this.remote });
    }
    this.#lastCall.cancel();
    this.#abortAll(reason ?? unavailable("the connection was closed", { id: SERVER_ID }));
    this.#options.onClosed(this);
  }
}
