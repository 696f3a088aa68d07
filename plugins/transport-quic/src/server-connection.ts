import { Metadata, MicroError } from "@micro/core";
import { type IncomingExchange, SERVER_ID, unavailable } from "@micro/transport";
import type { QuicConnection, QuicConnectionHandler, QuicStream } from "./driver.ts";
import { FramePipe } from "./frame-pipe.ts";
import { FrameKind, StreamCode } from "./frames.ts";
import { type PipeOwner, PipeShare } from "./pipe-share.ts";
import { type ExchangeHost, ServerExchange } from "./server-exchange.ts";
import type { TransportContext } from "./settings.ts";

/** What the listener wants to know and is asked. */
export interface ServerConnectionOptions {
  readonly context: TransportContext;
  /** Address of the listener. */
  readonly local: string;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Nothing runs on the connection any more. */
  readonly onIdle: () => void;
  readonly onClosed: (connection: ServerConnection) => void;
}

const EMPTY = new Uint8Array(0);

/** The listening side of one connection. */
export class ServerConnection implements QuicConnectionHandler, ExchangeHost {
  readonly share: PipeShare;
  readonly #options: ServerConnectionOptions;
  readonly #connection: QuicConnection;
  readonly #running = new Set<ServerExchange>();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(connection: QuicConnection, options: ServerConnectionOptions) {
    this.share = new PipeShare(options.context, SERVER_ID);
    this.#options = options;
    this.#connection = connection;
    this.#watchIdle();
    connection.attach(this);
  }

  get remote(): string {
    return this.#connection.remote;
  }

  get local(): string {
    return this.#options.local;
  }

  /** Exchanges that run. */
  get running(): number {
    return this.#running.size;
  }

  /** Asks the peer to begin nothing new here. It closes the connection when nothing of its own runs. */
  drain(): void {
    const stream = this.#connection.open();
    // A peer that allows no stream has one that says so already.
    if (stream === undefined) return;
    const pipe = new FramePipe(this.share, silent);
    pipe.attach(stream);
    pipe.send(FrameKind.drain, { header: new Metadata(), body: EMPTY }, true);
  }

  /** Closes it when the peer has all that was sent, or `lingerMs` later; what still runs is aborted at once. */
  close(reason: Error, lingerMs: number): void {
    const abort = this.#running.size > 0;
    for (const exchange of this.#running) exchange.gone(reason);
    const code = abort ? StreamCode.cancelled : StreamCode.done;
    this.#connection.close({ code, reason: reason.message, lingerMs: abort ? 0 : lingerMs });
  }

  // ---- what its connection tells ----

  onStream(stream: QuicStream): void {
    this.#running.add(new ServerExchange(this, stream));
    clearTimeout(this.#idleTimer);
  }

  onStreamsAvailable(): void {}

  onClosed(reason: Error | undefined): void {
    clearTimeout(this.#idleTimer);
    const detail = reason === undefined ? "the connection was closed" : reason.message;
    const gone = unavailable(detail, { id: SERVER_ID, cause: reason });
    for (const exchange of this.#running) exchange.gone(gone);
    this.#options.onClosed(this);
  }

  // ---- what its exchanges need ----

  begin(exchange: ServerExchange): void {
    const { context, onExchange } = this.#options;
    try {
      onExchange(exchange);
    } catch (thrown) {
      context.logger.error("the receiver of an exchange failed", { error: thrown, remote: this.remote });
      if (!exchange.replied) exchange.fail(MicroError.from(thrown, { id: SERVER_ID }));
    }
  }

  over(exchange: ServerExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size > 0) return;
    this.#watchIdle();
    this.#options.onIdle();
  }

  #watchIdle(): void {
    const { idleTimeout } = this.#options.context.settings;
    if (idleTimeout === 0) return;
    clearTimeout(this.#idleTimer);
    const reason = unavailable("nothing ran on it for transport.idle_timeout", { id: SERVER_ID });
    this.#idleTimer = setTimeout(() => this.close(reason, idleTimeout), idleTimeout).unref();
  }
}

/** Nobody answers a word about draining. */
const silent: PipeOwner = {
  readerFull: false,
  onFrame: () => undefined,
  onEnd: () => undefined,
  onBroken: () => undefined,
  onStopped: () => undefined,
  onRoom: () => undefined,
};
