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
  unavailable,
} from "@micro/transport";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { violation } from "./errors.ts";
import type { ReceivedMessage } from "./header-block.ts";
import { type Correlation, HeaderWriter } from "./header-writer.ts";
import {
  failCall,
  messageError,
  notUsable,
  type PendingCall,
  refusal,
  requestStart,
  type SessionOptions,
  settleCall,
} from "./session-parts.ts";

/**
 * A session to a Go peer. One exchange at a time and never matched by `Micro-Id`, which Go repeats from the first
 * request of a connection (spec 1.2, 1.9). A call that is given up, and every stream, takes the connection with it.
 */
export class GoSession implements Session, ConnectionOwner, StreamPort {
  readonly maxConcurrent = 1;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #writer: HeaderWriter;
  readonly #life: SessionLife;
  #call: PendingCall | undefined;
  #stream: CreditStream | undefined;
  /** The id and stream that the upper layer gave the stream's first message. */
  #streamHeader: Correlation | undefined;
  #paused = false;

  constructor(options: SessionOptions) {
    const { context, socket, address } = options;
    this.#options = options;
    this.#connection = new Connection(socket, { kind: "response", owner: this, ...context });
    this.#writer = new HeaderWriter(requestStart(address), context.lines, context.settings);
    this.#life = new SessionLife({
      active: () => this.active,
      end: (lingerMs) => this.#connection.end(lingerMs),
      abort: (reason) => this.#connection.destroy(reason),
    });
  }

  get active(): number {
    return this.#call === undefined && this.#stream === undefined ? 0 : 1;
  }

  get usable(): boolean {
    return this.#life.usable;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    const { context, address } = this.#options;
    const { outbox } = this.#connection;
    if (!this.#life.usable || this.active > 0) return refuseCall(done, notUsable(address));
    const refused = refusal(message, context, { waiting: outbox.waiting, id: CLIENT_ID });
    if (refused !== undefined) return refuseCall(done, refused);
    const id = message.header.get("micro-id") ?? "0";
    const call: PendingCall = { id, stream: "", done, offset: outbox.accepted };
    try {
      outbox.message(this.#writer.write(message.header, call), this.#writer.ascii, message.body);
    } catch (error) {
      return refuseCall(done, error as Error);
    }
    this.#call = call;
    return (reason) => {
      if (this.#call !== call) return;
      this.#call = undefined;
      // The reply may still come, and nothing would tell it from the next one.
      this.#destroy(unavailable(`a call was given up: ${reason.message}`, { cause: reason }));
    };
  }

  #destroy(reason: Error): void {
    this.#connection.destroy(reason);
    this.#life.retire(reason);
  }

  open(): Promise<TransportStream> {
    const { context, address } = this.#options;
    if (!this.#life.usable || this.active > 0) return Promise.reject(notUsable(address));
    this.#stream = new CreditStream(this, {
      id: "0",
      stream: "0",
      sendWindow: Number.POSITIVE_INFINITY,
      receiveWindow: context.settings.streamWindow,
      strict: false,
      dialled: true,
      maxWriteBuffer: context.settings.maxWriteBuffer,
    });
    return Promise.resolve(this.#stream);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#life.onClose(listener);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#life.close(options.graceMs ?? 0);
  }

  // ---- what its stream needs ----

  get full(): boolean {
    return this.#connection.outbox.full;
  }

  message(stream: CreditStream, message: TransportMessage): void {
    const { context } = this.#options;
    const refused = refusal(message, context, { waiting: this.#connection.outbox.waiting, id: CLIENT_ID });
    if (refused !== undefined) throw refused;
    const id = message.header.get("micro-id") ?? this.#streamHeader?.id ?? stream.id;
    const correlation = {
      id,
      stream: message.header.get("micro-stream") ?? this.#streamHeader?.stream ?? id,
    };
    this.#streamHeader ??= correlation;
    const block = this.#writer.write(message.header, correlation);
    this.#connection.outbox.message(block, this.#writer.ascii, message.body);
  }

  end(stream: CreditStream): void {
    // Go knows no half-close but the EOS message, which the layer above sends itself (spec 1.12).
    if (!stream.begun) stream.peerEnd();
  }

  cancel(_stream: CreditStream, reason: Error): void {
    this.#destroy(unavailable(`the stream was aborted: ${reason.message}`, { cause: reason }));
  }

  taken(): void {
    const stream = this.#stream;
    if (!this.#paused || stream === undefined) return;
    if (stream.unreadBytes > this.#options.context.settings.streamWindow / 2) return;
    this.#paused = false;
    this.#connection.resume();
  }

  over(stream: CreditStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    // A stream's connection is never used again (spec 1.12).
    this.#life.retire();
  }

  // ---- what its connection tells ----

  onMessage(message: ReceivedMessage): void {
    const call = this.#call;
    if (call !== undefined) {
      this.#call = undefined;
      if (message.close || message.status !== 200) this.#life.retire();
      else this.#life.settle();
      settleCall(call, message, this.#options.context);
    } else if (this.#stream !== undefined) this.#toStream(this.#stream, message);
    else this.#destroy(violation("the peer sent a reply that nobody waits for"));
  }

  #toStream(stream: CreditStream, message: ReceivedMessage): void {
    const { settings } = this.#options.context;
    const error = messageError(message, this.#options.context);
    if (error !== undefined) {
      stream.abort(error);
      return;
    }
    stream.deliver(message);
    const { header } = message;
    if (header.has("micro-error") && (header.has("x-micro-error") || message.body.length === 0)) {
      // The end of the stream, in both directions (spec 1.12).
      stream.peerEnd();
      stream.peerStop();
    } else if (!this.#paused && stream.unreadBytes > settings.streamWindow) {
      this.#paused = true;
      this.#connection.pause();
    }
  }

  onViolation(error: Error): void {
    this.#destroy(error);
  }

  onPeerEnd(): void {
    if (this.active === 0) this.#connection.end();
    else this.#destroy(unavailable(`the peer closed the connection${this.#connection.unheard}`));
  }

  onRoom(): void {
    this.#stream?.room();
  }

  onCheck(now: number): void {
    const { idleTimeout } = this.#options.context.settings;
    if (this.active === 0 && now - this.#connection.lastRead > idleTimeout) this.#life.retire();
  }

  onClosed(reason: Error | undefined): void {
    const call = this.#call;
    const stream = this.#stream;
    this.#call = undefined;
    const broken = reason ?? unavailable("the connection was closed");
    this.#options.onClosed(this);
    this.#life.closed(reason);
    const { context } = this.#options;
    if (call !== undefined) failCall(call, broken, { context, handed: this.#connection.outbox.handed });
    stream?.break(broken);
  }
}
