import { type Logger, MicroError } from "@micro/core";
import {
  type CallDone,
  CLIENT_ID,
  CreditStream,
  type TransportMessage,
  transportError,
  unavailable,
} from "@micro/transport";
import { FramePipe } from "./frame-pipe.ts";
import { type Frame, FrameKind, StreamCode } from "./frames.ts";
import { PipePort } from "./pipe-port.ts";
import type { PipeOwner, PipeShare } from "./pipe-share.ts";

/** What the exchanges of a session need of it. */
export interface ClientHost {
  readonly share: PipeShare;
  /** Finds a QUIC stream for a pipe, now or when the peer allows one. */
  place(pipe: FramePipe): void;
  /** Nothing more happens on it. */
  over(exchange: ClientExchange): void;
}

/** A call or a stream of the dialling side. */
export interface ClientExchange extends PipeOwner {
  /** The connection is over. */
  gone(reason: MicroError): void;
}

/** A call that waits for its reply. */
export class ClientCall implements ClientExchange {
  readonly readerFull = false;
  readonly #host: ClientHost;
  readonly #pipe: FramePipe;
  #done: CallDone | undefined;

  /** Throws before anything is sent when the message cannot be. */
  constructor(host: ClientHost, message: TransportMessage, done: CallDone) {
    this.#host = host;
    this.#pipe = new FramePipe(host.share, this);
    this.#pipe.send(FrameKind.call, message, false);
    this.#done = done;
    host.place(this.#pipe);
  }

  /** The reply is wanted no more. */
  giveUp(): void {
    if (this.#done === undefined) return;
    this.#pipe.abort(StreamCode.cancelled);
    this.#end();
  }

  gone(reason: MicroError): void {
    // A request of which the last byte never left cannot have begun anything.
    const notSent = !this.#pipe.handed;
    this.#pipe.close();
    const { code, detail, cause } = reason;
    this.#finish(new MicroError({ code, detail, id: CLIENT_ID, notSent, cause }), undefined);
  }

  // ---- what its pipe tells ----

  onFrame(frame: Frame): void {
    if (this.#done === undefined) {
      this.#pipe.stop(StreamCode.done);
      return;
    }
    // The server learns with it that the reply has come; a call that is given up says so in another way.
    this.#pipe.end();
    const error = errorOf(frame);
    this.#finish(error, error === undefined ? frame : undefined);
  }

  onEnd(): void {
    this.#pipe.end();
    if (this.#done !== undefined)
      this.#finish(unavailable("the peer ended the call without a reply"), undefined);
  }

  onBroken(reason: MicroError): void {
    this.#pipe.abort(StreamCode.cancelled);
    const { code } = reason;
    const known = code === "RESOURCE_EXHAUSTED" || code === "TIMEOUT" ? reason : unavailable(reason.detail);
    this.#finish(known, undefined);
  }

  onStopped(): void {}

  onRoom(): void {}

  #finish(error: Error | undefined, reply: TransportMessage | undefined): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#end();
    tell(done, { error, reply, logger: this.#host.share.context.logger });
  }

  #end(): void {
    this.#done = undefined;
    this.#host.over(this);
  }
}

interface Outcome {
  readonly error: Error | undefined;
  readonly reply: TransportMessage | undefined;
  readonly logger: Logger;
}

function tell(done: CallDone, { error, reply, logger }: Outcome): void {
  try {
    done(error, reply);
  } catch (thrown) {
    logger.error("the receiver of a reply failed", { error: thrown });
  }
}

/** A stream of the dialling side. */
export class ClientStream implements ClientExchange {
  readonly stream: CreditStream;
  readonly #host: ClientHost;
  readonly #pipe: FramePipe;

  constructor(host: ClientHost) {
    this.#host = host;
    const { maxWriteBuffer, streamWindow } = host.share.context.settings;
    const pipe = new FramePipe(host.share, this);
    this.#pipe = pipe;
    const port = new PipePort({ pipe, begin: () => host.place(pipe), onOver: () => host.over(this) });
    this.stream = new CreditStream(port, {
      id: "",
      stream: "",
      sendWindow: Number.POSITIVE_INFINITY,
      receiveWindow: streamWindow,
      strict: false,
      dialled: true,
      maxWriteBuffer,
    });
  }

  gone(reason: MicroError): void {
    this.#pipe.close();
    this.stream.break(reason);
  }

  // ---- what its pipe tells ----

  get readerFull(): boolean {
    return this.stream.unreadBytes >= this.#host.share.context.settings.streamWindow;
  }

  onFrame(frame: Frame): void {
    const error = errorOf(frame);
    if (error === undefined) this.stream.deliver(frame);
    else {
      this.#pipe.abort(StreamCode.done);
      this.stream.break(error);
    }
  }

  onEnd(): void {
    this.stream.peerEnd();
  }

  onBroken(reason: MicroError): void {
    this.#pipe.abort(StreamCode.cancelled);
    this.stream.break(reason.code === "BAD_REQUEST" ? unavailable(reason.detail) : reason);
  }

  onStopped(): void {
    this.stream.peerStop();
  }

  onRoom(): void {
    this.stream.room();
  }
}

/** What is wrong with a frame of a server, for the transport; undefined for a message to hand on. */
function errorOf(frame: Frame): MicroError | undefined {
  const { kind, header } = frame;
  if (kind === FrameKind.message) return undefined;
  if (kind !== FrameKind.refuse && kind !== FrameKind.fail) {
    return transportError("UNAVAILABLE", `the peer sent a frame of kind ${kind} out of turn`);
  }
  const { id, code, detail } = MicroError.parse(header.get("micro-error") ?? "the server refused it");
  return new MicroError({ id, code, detail, notSent: kind === FrameKind.refuse });
}
