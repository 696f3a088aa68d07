import { MicroError } from "@micro/core";
import {
  type CallDone,
  CLIENT_ID,
  refuseCall,
  type Session,
  SessionLife,
  type TransportCallOptions,
  type TransportMessage,
  type TransportStream,
  transportError,
  unavailable,
} from "@micro/transport";
import { ClientCall, type ClientExchange, type ClientHost, ClientStream } from "./client-exchange.ts";
import type { QuicConnection, QuicConnectionHandler, QuicStream } from "./driver.ts";
import { FramePipe } from "./frame-pipe.ts";
import { FrameKind, StreamCode } from "./frames.ts";
import { type PipeOwner, PipeShare } from "./pipe-share.ts";
import type { TransportContext } from "./settings.ts";

/** What a session is made of. */
export interface SessionOptions {
  readonly context: TransportContext;
  /** As it was dialled. */
  readonly address: string;
  /** Called when its connection is closed. */
  readonly onClosed: (session: Session) => void;
}

/** How long a session that ends by itself waits for the peer to confirm what was sent last. */
const LINGER_MS = 1000;

/** The dialling side of one connection: each call and each stream is a QUIC stream of its own. */
export class QuicSession implements Session, QuicConnectionHandler, ClientHost {
  readonly share: PipeShare;
  readonly maxConcurrent: number;
  readonly #options: SessionOptions;
  readonly #connection: QuicConnection;
  readonly #running = new Set<ClientExchange>();
  /** They wait for the peer to allow more streams: it counts those that ended a little later than this side does. */
  readonly #unplaced = new Set<FramePipe>();
  readonly #life: SessionLife;
  /** Why this side broke what ran. */
  #aborted: Error | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(connection: QuicConnection, options: SessionOptions) {
    this.share = new PipeShare(options.context, CLIENT_ID);
    this.#options = options;
    this.#connection = connection;
    this.maxConcurrent = Math.min(connection.maxStreams, options.context.settings.maxConcurrent);
    this.#life = new SessionLife({
      active: () => this.active,
      end: (lingerMs) => {
        const reason = "the session was closed";
        connection.close({ code: StreamCode.done, reason, lingerMs: Math.min(LINGER_MS, lingerMs) });
      },
      abort: (reason) => {
        this.#aborted = reason;
        connection.close({ code: StreamCode.cancelled, reason: reason.message, lingerMs: 0 });
      },
    });
    this.#watchIdle();
    connection.attach(this);
  }

  get active(): number {
    return this.#running.size;
  }

  get usable(): boolean {
    return this.#life.usable;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    const refused = this.#refusal();
    if (refused !== undefined) return refuseCall(done, refused);
    try {
      const call = new ClientCall(this, message, done);
      this.#begin(call);
      return () => call.giveUp();
    } catch (error) {
      return refuseCall(done, MicroError.from(error, { id: CLIENT_ID }));
    }
  }

  open({ signal }: TransportCallOptions = {}): Promise<TransportStream> {
    const refused = signal?.aborted
      ? transportError("CANCELLED", "opening a stream was cancelled", { cause: signal.reason, notSent: true })
      : this.#refusal();
    if (refused !== undefined) return Promise.reject(refused);
    const stream = new ClientStream(this);
    this.#begin(stream);
    return Promise.resolve(stream.stream);
  }

  #begin(exchange: ClientExchange): void {
    this.#running.add(exchange);
    clearTimeout(this.#idleTimer);
  }

  #refusal(): MicroError | undefined {
    if (!this.#life.usable) {
      return unavailable(`the session to ${this.#options.address} takes no new exchanges`, { notSent: true });
    }
    if (this.active < this.maxConcurrent) return undefined;
    const detail = `${this.active} exchanges run on the session, transport.max_concurrent of this side or the peer's`;
    return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true });
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#life.onClose(listener);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#life.close(options.graceMs ?? 0);
  }

  #watchIdle(): void {
    const { idleTimeout } = this.#options.context.settings;
    if (idleTimeout === 0 || !this.#life.usable || this.active > 0) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#life.retire(), idleTimeout).unref();
  }

  // ---- what its exchanges need ----

  place(pipe: FramePipe): void {
    const stream = this.#unplaced.size > 0 ? undefined : this.#connection.open();
    if (stream === undefined) this.#unplaced.add(pipe);
    else pipe.attach(stream);
  }

  over(exchange: ClientExchange): void {
    this.#running.delete(exchange);
    if (this.#life.usable) this.#watchIdle();
    else this.#life.settle();
  }

  // ---- what its connection tells ----

  onStream(stream: QuicStream): void {
    const pipe: FramePipe = new FramePipe(
      this.share,
      this.#control(() => pipe),
    );
    pipe.attach(stream);
  }

  /** What a server says on a stream of its own. */
  #control(pipe: () => FramePipe): PipeOwner {
    const { logger } = this.#options.context;
    const refuse = (what: string): void => {
      logger.warn("a server sent something that is not understood", { what, address: this.#options.address });
      pipe().abort(StreamCode.protocol);
    };
    return {
      readerFull: false,
      onFrame: ({ kind }) => {
        if (kind === FrameKind.drain) this.#life.retire();
        else refuse(`a frame of kind ${kind}`);
      },
      onEnd: () => pipe().end(),
      onBroken: (reason) => refuse(reason.detail),
      onStopped: () => undefined,
      onRoom: () => undefined,
    };
  }

  onStreamsAvailable(): void {
    for (const pipe of this.#unplaced) {
      if (pipe.wanted) {
        const stream = this.#connection.open();
        if (stream === undefined) return;
        pipe.attach(stream);
      }
      this.#unplaced.delete(pipe);
    }
  }

  onClosed(reason: Error | undefined): void {
    clearTimeout(this.#idleTimer);
    this.#options.onClosed(this);
    const broken = unavailable(reason?.message ?? this.#aborted?.message ?? "the session was closed", {
      cause: reason,
    });
    this.#life.closed(reason === undefined ? undefined : broken);
    const running = [...this.#running];
    this.#running.clear();
    for (const exchange of running) exchange.gone(broken);
  }
}
