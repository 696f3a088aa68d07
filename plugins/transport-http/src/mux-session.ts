import {
  type CallDone,
  CLIENT_ID,
  CreditStream,
  refuseCall,
  type Session,
  SessionLife,
  type StreamPort,
  type TransportMessage,
  type TransportStream,
  tooLarge,
  transportError,
  unavailable,
} from "@micro/transport";
import { CallTable } from "./call-table.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { violation } from "./errors.ts";
import type { ReceivedMessage } from "./header-block.ts";
import { HeaderWriter } from "./header-writer.ts";
import { readId, readNumber, writeControl } from "./mux-frames.ts";
import {
  failCall,
  messageError,
  notUsable,
  type PendingCall,
  refusal,
  requestStart,
  type SessionOptions,
  settleCall,
  statusError,
} from "./session-parts.ts";

/** A session to one of our own peers: many calls and streams on one connection (see mux-frames.ts). */
export class MuxSession implements Session, ConnectionOwner, StreamPort {
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #start: string;
  readonly #writer: HeaderWriter;
  readonly #life: SessionLife;
  readonly #calls = new CallTable<PendingCall>();
  readonly #streams = new Map<number, CreditStream>();
  #nextId = 1;
  #concurrent = 0;
  #peerWindow = 0;
  #pinged = 0;
  /** Ends the handshake. */
  #handshake: ((error: Error | undefined) => void) | undefined;

  constructor(options: SessionOptions) {
    const { context, socket, address } = options;
    this.#options = options;
    this.#start = requestStart(address);
    this.#connection = new Connection(socket, { kind: "response", owner: this, ...context });
    this.#writer = new HeaderWriter(this.#start, context.lines, context.settings);
    this.#life = new SessionLife({
      active: () => this.active,
      end: (lingerMs) => this.#connection.end(lingerMs),
      abort: (reason) => this.#connection.destroy(reason),
    });
  }

  /**
   * Asks the peer whether it multiplexes. Calls `ready` once: without an error when it does, with `BAD_REQUEST` when
   * something else answered, with `UNAVAILABLE` when the connection broke.
   */
  handshake(ready: (error: Error | undefined) => void): void {
    this.#handshake = ready;
    const window = this.#options.context.settings.streamWindow;
    writeControl(this.#connection.outbox, this.#start, { name: "hello", window });
    this.#connection.outbox.flush();
  }

  /** Closes at once, the handshake included. */
  destroy(reason: Error): void {
    this.#destroy(reason);
  }

  #destroy(reason: Error): void {
    this.#connection.destroy(reason);
    this.#life.retire(reason);
  }

  get maxConcurrent(): number {
    return this.#concurrent;
  }

  get active(): number {
    return this.#calls.size + this.#streams.size;
  }

  get usable(): boolean {
    return this.#life.usable;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    const { outbox } = this.#connection;
    const refused =
      this.#refusal() ?? refusal(message, this.#options.context, { waiting: outbox.waiting, id: CLIENT_ID });
    if (refused !== undefined) return refuseCall(done, refused);
    const id = this.#nextId++;
    const call: PendingCall = { id: `${id}`, stream: "", done, offset: outbox.accepted };
    try {
      outbox.message(this.#writer.write(message.header, call), this.#writer.ascii, message.body);
    } catch (error) {
      return refuseCall(done, error as Error);
    }
    this.#calls.set(id, call);
    return () => this.#giveUp(id);
  }

  #giveUp(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    writeControl(this.#connection.outbox, this.#start, { name: "cancel", id: call.id });
    this.#life.settle();
  }

  open(): Promise<TransportStream> {
    const refused = this.#refusal();
    if (refused !== undefined) return Promise.reject(refused);
    const id = this.#nextId++;
    const { settings } = this.#options.context;
    const stream = new CreditStream(this, {
      id: `${id}`,
      stream: `${id}`,
      sendWindow: this.#peerWindow,
      receiveWindow: settings.streamWindow,
      strict: true,
      dialled: true,
      maxWriteBuffer: settings.maxWriteBuffer,
    });
    this.#streams.set(id, stream);
    return Promise.resolve(stream);
  }

  #refusal(): Error | undefined {
    if (!this.#life.usable) return notUsable(this.#options.address);
    if (this.active < this.#concurrent) return undefined;
    const detail = `${this.active} exchanges run on the session, the peer's transport.max_concurrent`;
    return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true });
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#life.onClose(listener);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#life.close(options.graceMs ?? 0);
  }

  // ---- what its streams need ----

  get full(): boolean {
    return this.#connection.outbox.full;
  }

  message(stream: CreditStream, message: TransportMessage): void {
    const { outbox } = this.#connection;
    const refused = refusal(message, this.#options.context, { waiting: outbox.waiting, id: CLIENT_ID });
    if (refused !== undefined) throw refused;
    outbox.message(this.#writer.write(message.header, stream), this.#writer.ascii, message.body);
  }

  end(stream: CreditStream): void {
    // The server has never heard of a stream without a message, so it will not end its side either.
    if (!stream.begun) stream.peerEnd();
    else writeControl(this.#connection.outbox, this.#start, { name: "end", id: stream.id });
  }

  cancel(stream: CreditStream): void {
    if (stream.begun) writeControl(this.#connection.outbox, this.#start, { name: "cancel", id: stream.id });
  }

  taken(stream: CreditStream, bytes: number): void {
    const credit = stream.owe(bytes);
    if (credit > 0)
      writeControl(this.#connection.outbox, this.#start, { name: "credit", id: stream.id, credit });
  }

  over(stream: CreditStream, unread: boolean): void {
    if (unread) this.cancel(stream);
    this.#streams.delete(Number(stream.id));
    this.#life.settle();
  }

  // ---- what its connection tells ----

  onMessage(message: ReceivedMessage): void {
    if (this.#handshake !== undefined) this.#onHello(message);
    else if (message.status !== 200) this.#destroy(statusError(message));
    else if (message.control !== undefined) this.#onControl(message.control, message);
    else if (message.stream === undefined) this.#settle(message);
    else this.#toStream(message);
  }

  #settle(message: ReceivedMessage): void {
    const id = readId(message);
    const call = this.#calls.get(id);
    // A reply to a call that was given up has nobody to go to.
    if (call === undefined) return;
    this.#calls.delete(id);
    settleCall(call, message, this.#options.context);
    if (!this.#life.usable) this.#life.settle();
  }

  /** The server gave up a call that it had begun to answer as a stream. */
  #cancelled(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    const { context } = this.#options;
    failCall(call, unavailable("the peer aborted the call"), { context, handed: Number.POSITIVE_INFINITY });
    this.#life.settle();
  }

  #toStream(message: ReceivedMessage): void {
    const stream = this.#streams.get(readId(message));
    if (stream === undefined) return;
    if (message.tooLarge > 0) {
      stream.abort(tooLarge(message.tooLarge, this.#options.context.settings.maxMessageSize));
    } else if (!stream.deliver(message)) {
      this.#destroy(violation(`the peer sent more on stream ${stream.id} than it was given credit for`));
    }
  }

  #onHello(message: ReceivedMessage): void {
    const window = readNumber(message.header.get("micro-window"));
    const concurrent = readNumber(message.header.get("micro-concurrency"));
    const ready = this.#handshake;
    this.#handshake = undefined;
    if (message.control !== "ready" || window === undefined || concurrent === undefined) {
      ready?.(violation("the peer does not multiplex though its metadata says so"));
      return;
    }
    this.#connection.reader.hideLength();
    this.#peerWindow = window;
    this.#concurrent = Math.min(concurrent, this.#options.context.settings.maxConcurrent);
    ready?.(undefined);
  }

  #onControl(name: string, message: ReceivedMessage): void {
    const stream = this.#streams.get(readId(message));
    switch (name) {
      case "credit":
        stream?.grant(readNumber(message.header.get("micro-credit")) ?? 0);
        break;
      case "end":
        stream?.peerEnd();
        break;
      case "stop":
        stream?.peerEnd();
        stream?.peerStop();
        break;
      case "cancel":
        if (stream === undefined) this.#cancelled(readId(message));
        else stream.break(unavailable("the peer aborted the stream"));
        break;
      case "refuse":
      case "fail":
        if (stream === undefined) this.#settle(message);
        else stream.break(messageError(message, this.#options.context) ?? unavailable("the peer refused it"));
        break;
      case "drain":
        this.#life.retire();
        break;
      case "pong":
        break;
      default:
        this.#destroy(violation(`the peer sent the unknown frame ${JSON.stringify(name)}`));
    }
  }

  onViolation(error: Error): void {
    this.#destroy(error);
  }

  onPeerEnd(): void {
    if (this.active === 0) this.#connection.end();
    else this.#destroy(unavailable("the peer closed the connection"));
  }

  onRoom(): void {
    for (const stream of this.#streams.values()) stream.room();
  }

  onCheck(now: number): void {
    const { idleTimeout, pingTimeout } = this.#options.context.settings;
    const silent = now - this.#connection.lastRead;
    if (this.active === 0) {
      if (silent > idleTimeout) this.#life.retire();
    } else if (silent < pingTimeout) this.#pinged = 0;
    else if (this.#pinged === 0) {
      this.#pinged = now;
      writeControl(this.#connection.outbox, this.#start, { name: "ping" });
    } else if (now - this.#pinged > pingTimeout) {
      this.#destroy(
        unavailable(`the peer has not answered a ping for transport.ping_timeout, ${pingTimeout} ms`),
      );
    }
  }

  onClosed(reason: Error | undefined): void {
    const broken = reason ?? unavailable(`the connection was closed${this.#connection.unheard}`);
    this.#options.onClosed(this);
    this.#life.closed(reason);
    this.#handshake?.(broken);
    this.#handshake = undefined;
    const { context } = this.#options;
    const { handed } = this.#connection.outbox;
    const calls = this.#calls.values();
    this.#calls.clear();
    for (const call of calls) failCall(call, broken, { context, handed });
    for (const stream of this.#streams.values()) stream.break(broken);
  }
}
