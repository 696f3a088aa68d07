import { MicroError } from "@micro/core";
import type {
  CallDone,
  Session,
  TransportCallOptions,
  TransportMessage,
  TransportStream,
} from "@micro/transport";
import {
  ClientCall,
  type ClientExchange,
  type ClientHost,
  ClientStream,
  refuseCall,
} from "./client-exchange.ts";
import type { QuicConnection, QuicConnectionHandler, QuicStream } from "./driver.ts";
import { CLIENT_ID, transportError, unavailable } from "./errors.ts";
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
  #usable = true;
  #closed = false;
  #reason: Error | undefined;
  #listeners: ((reason: Error | undefined) => void)[] = [];
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When `close` wants to be done; `Infinity` while nobody asked. */
  #closeBy = Number.POSITIVE_INFINITY;

  constructor(connection: QuicConnection, options: SessionOptions) {
    this.share = new PipeShare(options.context, CLIENT_ID);
    this.#options = options;
    this.#connection = connection;
    this.maxConcurrent = Math.min(connection.maxStreams, options.context.settings.maxConcurrent);
    this.#watchIdle();
    connection.attach(this);
  }

  get active(): number {
    return this.#running.size;
  }

  get usable(): boolean {
    return this.#usable;
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
    if (this.#usable) clearTimeout(this.#timer);
  }

  #refusal(): MicroError | undefined {
    if (!this.#usable) {
      return unavailable(`the session to ${this.#options.address} takes no new exchanges`, { notSent: true });
    }
    if (this.active < this.maxConcurrent) return undefined;
    const detail = `${this.active} exchanges run on the session, transport.max_concurrent of this side or the peer's`;
    return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true });
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.#usable) this.#listeners.push(listener);
    else {
      const reason = this.#reason;
      queueMicrotask(() => listener(reason));
    }
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const graceMs = options.graceMs ?? 0;
    this.#closeBy = Math.min(this.#closeBy, performance.now() + graceMs);
    const closed = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#retire(undefined);
    if (this.active > 0) {
      clearTimeout(this.#timer);
      const abort = (): void => this.#end(StreamCode.cancelled, "the session was closed while it ran", 0);
      if (graceMs > 0) this.#timer = setTimeout(abort, Math.max(0, this.#closeBy - performance.now()));
      else abort();
    }
    return closed;
  }

  /** Nothing new begins on it; it is closed when what runs has finished. */
  #retire(reason: Error | undefined): void {
    if (this.#usable) {
      this.#usable = false;
      this.#reason = reason;
      clearTimeout(this.#timer);
      const listeners = this.#listeners;
      this.#listeners = [];
      for (const listener of listeners) listener(reason);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#usable || this.#closed || this.active > 0) return;
    const lingerMs = Math.min(LINGER_MS, Math.max(0, this.#closeBy - performance.now()));
    this.#end(StreamCode.done, "the session was closed", lingerMs);
  }

  #end(code: number, reason: string, lingerMs: number): void {
    this.#reason ??= code === StreamCode.done ? undefined : unavailable(reason);
    this.#connection.close({ code, reason, lingerMs });
  }

  #watchIdle(): void {
    const { idleTimeout } = this.#options.context.settings;
    if (idleTimeout === 0 || !this.#usable || this.active > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retire(undefined), idleTimeout).unref();
  }

  // ---- what its exchanges need ----

  place(pipe: FramePipe): void {
    const stream = this.#unplaced.size > 0 ? undefined : this.#connection.open();
    if (stream === undefined) this.#unplaced.add(pipe);
    else pipe.attach(stream);
  }

  over(exchange: ClientExchange): void {
    this.#running.delete(exchange);
    if (this.#usable) this.#watchIdle();
    else this.#settle();
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
        if (kind === FrameKind.drain) this.#retire(undefined);
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
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.onClosed(this);
    const broken = unavailable(reason?.message ?? this.#reason?.message ?? "the session was closed", {
      cause: reason,
    });
    this.#retire(reason === undefined ? this.#reason : broken);
    const running = [...this.#running];
    this.#running.clear();
    for (const exchange of running) exchange.gone(broken);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
