import { Cancellation, Metadata, MicroError } from "@micro/core";
import {
  answeredTwice,
  CreditStream,
  type IncomingExchange,
  SERVER_ID,
  type TransportMessage,
  type TransportStream,
  transportError,
  unavailable,
} from "@micro/transport";
import type { QuicStream } from "./driver.ts";
import { FramePipe } from "./frame-pipe.ts";
import { type Frame, FrameKind, StreamCode } from "./frames.ts";
import { PipePort } from "./pipe-port.ts";
import type { PipeOwner, PipeShare } from "./pipe-share.ts";

/** What an exchange needs of the connection it came on. */
export interface ExchangeHost {
  readonly share: PipeShare;
  readonly remote: string;
  readonly local: string;
  /** Its first message is there. */
  begin(exchange: ServerExchange): void;
  /** Nothing more happens on it. */
  over(exchange: ServerExchange): void;
}

const EMPTY = new Uint8Array(0);

/** A QUIC stream as a server sees it: a call, or a stream. */
export class ServerExchange implements IncomingExchange, PipeOwner {
  readonly #host: ExchangeHost;
  readonly #pipe: FramePipe;
  readonly #cancellation = new Cancellation();
  #first: Frame | undefined;
  #stream: CreditStream | undefined;
  #answered = false;
  #over = false;

  constructor(host: ExchangeHost, stream: QuicStream) {
    this.#host = host;
    this.#pipe = new FramePipe(host.share, this);
    this.#pipe.attach(stream);
  }

  get first(): TransportMessage {
    return this.#first as TransportMessage;
  }

  get remote(): string {
    return this.#host.remote;
  }

  get local(): string {
    return this.#host.local;
  }

  /** True for one that was answered, as a whole. */
  get replied(): boolean {
    return this.#answered && this.#over;
  }

  reply(message: TransportMessage): void {
    this.#answer();
    if (this.#over) return;
    const stream = this.#stream;
    if (stream === undefined) {
      this.#replyToCall(message);
      return;
    }
    // One message and the end of it: how a stream is refused.
    try {
      void stream.send(message);
      stream.closeSend();
      void stream.return();
    } catch (error) {
      this.fail(MicroError.from(error, { id: SERVER_ID }));
    }
  }

  #replyToCall(message: TransportMessage): void {
    try {
      this.#pipe.send(FrameKind.message, message, true);
      this.#finish();
    } catch (error) {
      this.fail(MicroError.from(error, { id: SERVER_ID }));
    }
  }

  accept(): TransportStream {
    this.#answer();
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#makeStream();
    // The client made a call: what it sends beside is nothing, and the first message back is its reply.
    stream.peerEnd();
    this.#cancellation.onAbort((reason) => stream.break(reason));
    return stream;
  }

  onAbort(listener: (reason: Error) => void): void {
    if (this.#stream !== undefined) this.#stream.onAbort(listener);
    else this.#cancellation.onAbort(listener);
  }

  /** Tells the client that it was not begun, and ends it. */
  refuse(error: MicroError): void {
    this.#speak(FrameKind.refuse, error);
  }

  /** Tells the client that what it was answered with, or a message of it, cannot be carried, and ends it. */
  fail(error: MicroError): void {
    this.#speak(FrameKind.fail, error);
  }

  /** The connection is over. */
  gone(reason: Error): void {
    this.#pipe.close();
    this.#abort(reason);
  }

  #makeStream(): CreditStream {
    const { maxWriteBuffer, streamWindow } = this.#host.share.context.settings;
    const port = new PipePort({ pipe: this.#pipe, onOver: () => this.#finish() });
    const stream = new CreditStream(port, {
      id: "",
      stream: "",
      sendWindow: Number.POSITIVE_INFINITY,
      receiveWindow: streamWindow,
      strict: false,
      dialled: false,
      maxWriteBuffer,
    });
    this.#stream = stream;
    return stream;
  }

  #answer(): void {
    if (this.#answered) throw answeredTwice();
    this.#answered = true;
  }

  #speak(kind: typeof FrameKind.refuse | typeof FrameKind.fail, error: MicroError): void {
    const header = new Metadata({ "micro-error": JSON.stringify(error) });
    try {
      if (!this.#over) this.#pipe.send(kind, { header, body: EMPTY }, true);
    } catch {
      // Not even that can be carried: the client sees that it was broken off.
      this.#pipe.abort(StreamCode.limit);
    }
    this.#pipe.stop(StreamCode.done);
    this.#abort(error);
  }

  #abort(reason: Error): void {
    if (this.#cancellation.aborted || this.#over) return;
    this.#stream?.break(reason);
    this.#cancellation.abort(reason);
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.over(this);
  }

  // ---- what its pipe tells ----

  get readerFull(): boolean {
    const { streamWindow } = this.#host.share.context.settings;
    return this.#stream !== undefined && this.#stream.unreadBytes >= streamWindow;
  }

  onFrame(frame: Frame): void {
    const { kind } = frame;
    if (this.#first === undefined && (kind === FrameKind.call || kind === FrameKind.message)) {
      this.#first = frame;
      if (kind === FrameKind.message) this.#makeStream();
      this.#host.begin(this);
    } else if (kind === FrameKind.message && this.#first?.kind === FrameKind.message) {
      this.#stream?.deliver(frame);
    } else
      this.onBroken(
        transportError("BAD_REQUEST", `a frame of kind ${kind} came out of turn`, { id: SERVER_ID }),
      );
  }

  onEnd(): void {
    if (this.#first === undefined) {
      this.onBroken(
        transportError("BAD_REQUEST", "a stream ended before its first message", { id: SERVER_ID }),
      );
    } else if (this.#first.kind === FrameKind.message) this.#stream?.peerEnd();
  }

  onBroken(reason: MicroError): void {
    if (this.#over) {
      this.#pipe.abort(StreamCode.done);
      return;
    }
    if (reason.code === "RESOURCE_EXHAUSTED" && this.#first === undefined) this.refuse(reason);
    else if (reason.code === "RESOURCE_EXHAUSTED") this.fail(reason);
    else {
      const { context } = this.#host.share;
      if (reason.code !== "UNAVAILABLE") {
        context.logger.warn("an exchange broke the protocol and is ended", {
          error: reason,
          remote: this.remote,
        });
      }
      this.#pipe.abort(reason.code === "TIMEOUT" ? StreamCode.timeout : StreamCode.protocol);
      this.#abort(this.#reasonFor(reason));
    }
  }

  /** A call that its caller gave up was cancelled; a stream's other side is gone. */
  #reasonFor(reason: MicroError): Error {
    if (reason.code !== "UNAVAILABLE" || this.#stream !== undefined) {
      return reason.code === "UNAVAILABLE"
        ? reason
        : unavailable(reason.detail, { id: SERVER_ID, cause: reason });
    }
    return transportError("CANCELLED", "the caller gave the call up", { id: SERVER_ID });
  }

  onStopped(): void {
    this.#stream?.peerStop();
  }

  onRoom(): void {
    this.#stream?.room();
  }
}
