import type { QuicClose, QuicConnection, QuicConnectionHandler, QuicStream } from "./driver.ts";
import { LateTimer } from "./late-timer.ts";
import type { HostPort, QuicheBinding, QuicheConnection } from "./quiche-binding.ts";
import { APPLICATION_ERROR, endReason, NO_ERROR } from "./quiche-errors.ts";
import { QuicheStreams, type StreamsOwner } from "./quiche-streams.ts";

/** What a connection is made of. */
export interface LinkOptions {
  readonly binding: QuicheBinding;
  readonly conn: QuicheConnection;
  /** Bit 0 of the streams opened here: 0 for a client, 1 for a server (RFC 9000, 2.1). */
  readonly role: 0 | 1;
  readonly local: HostPort;
  readonly remote: HostPort;
  /** `host:port` of both. */
  readonly names: { readonly local: string; readonly remote: string };
  /** Longest silence of the peer in ms, and whether this side pings so that there is none. */
  readonly silenceTimeout: number;
  readonly pings: boolean;
  /** A place for the next datagram; `transmit` sends what was written there. */
  readonly space: () => Uint8Array;
  readonly transmit: (length: number, to: HostPort) => void;
  /** The handshake is done. */
  readonly onEstablished: () => void;
  /** It is over: with the reason, undefined when this side closed it. */
  readonly onGone: (reason: Error | undefined) => void;
}

/** So many datagrams go out in one turn. */
const MOST_DATAGRAMS = 4096;
/** And so many when a connection is closed. */
const MOST_LAST_DATAGRAMS = 16;

/**
 * One connection: quiche's state machine and its timers. All that came or was written in one turn of the event loop is
 * worked off together at the end of it.
 */
export class QuicheLink implements QuicConnection, StreamsOwner {
  readonly binding: QuicheBinding;
  readonly conn: QuicheConnection;
  readonly local: string;
  readonly remote: string;
  readonly #options: LinkOptions;
  readonly #streams: QuicheStreams;
  readonly #timer = new LateTimer(() => {
    if (this.#closed) return;
    this.conn.onTimeout();
    this.#turn();
  });
  #handler: QuicConnectionHandler | undefined;
  #scheduled = false;
  #established = false;
  #closed = false;
  #goneReason: Error | undefined;
  #closing: QuicClose | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.binding = options.binding;
    this.conn = options.conn;
    this.local = options.names.local;
    this.remote = options.names.remote;
    this.#streams = new QuicheStreams(this, options.role);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get established(): boolean {
    return this.#established;
  }

  get maxStreams(): number {
    return this.conn.stats().peerInitialMaxStreamsBidi;
  }

  /** Sends the first flight of a handshake. */
  start(): void {
    this.#flush();
  }

  /** A datagram came. Its bytes are decrypted in place. */
  receive(datagram: Uint8Array, from: HostPort): void {
    if (this.#closed) return;
    try {
      this.conn.recv(datagram, { from, to: this.#options.local });
    } catch {
      // What is wrong with a whole connection is found in `localError` below; a stray datagram is nothing.
    }
    this.schedule();
  }

  /** Asks the peer for a sign of life. */
  ping(): void {
    if (this.#closed) return;
    this.conn.sendAckEliciting();
    this.#flush();
  }

  attach(handler: QuicConnectionHandler): void {
    this.#handler = handler;
    if (!this.#closed) this.schedule();
    else queueMicrotask(() => handler.onClosed(this.#goneReason));
  }

  open(): QuicStream | undefined {
    if (this.#closed || this.#closing !== undefined) return undefined;
    return this.#streams.open();
  }

  close(options: QuicClose): void {
    if (this.#closed) return;
    this.#closing = options;
    clearTimeout(this.#closeTimer);
    if (options.lingerMs > 0) {
      this.#closeTimer = setTimeout(() => this.#closeNow(options), options.lingerMs);
      this.schedule();
    } else this.#closeNow(options);
  }

  #closeNow({ code, reason }: QuicClose): void {
    if (this.#closed) return;
    // Not a close of the application's kind: quiche 0.18 sends packets without end when asked for that before the
    // handshake is confirmed (RFC 9001, 4.1.2), and nothing tells when it is.
    this.#sendClose(code === 0 ? NO_ERROR : APPLICATION_ERROR, reason);
    this.gone(undefined);
  }

  #sendClose(code: number, reason: string): void {
    this.conn.close(false, code, Buffer.from(reason));
    for (let sent = 0; sent < MOST_LAST_DATAGRAMS && !this.conn.isDraining(); sent++) {
      if (!this.#sendOne()) break;
    }
  }

  /** Ends a handshake that is not wanted. */
  refuse(code: number, reason: string): void {
    if (this.#closed) return;
    // The close comes in a packet that the client can only read when it has the server's part of the handshake.
    this.#flush();
    this.#sendClose(code, reason);
    this.gone(undefined);
  }

  /** Ends it here, without a word to the peer. */
  gone(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#goneReason = reason;
    this.#timer.stop();
    clearTimeout(this.#closeTimer);
    clearInterval(this.#pingTimer);
    this.#streams.clear();
    this.#options.onGone(reason);
    this.#handler?.onClosed(reason);
  }

  // ---- what its streams need ----

  schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  later(tell: () => void): void {
    setImmediate(() => {
      if (!this.#closed) tell();
    });
  }

  // ---- one turn ----

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#closed) return;
    if (!this.#established && this.conn.isEstablished() && !this.conn.isDraining()) {
      this.#established = true;
      this.#startPings();
      this.#options.onEstablished();
    }
    if (this.#handler !== undefined) {
      this.#streams.work(this.#handler);
      if (this.#closing !== undefined && this.#streams.allConfirmed()) this.#closeNow(this.#closing);
    }
    this.#flush();
    this.#checkEnd();
  };

  #flush(): void {
    let sent = 0;
    while (!this.#closed && this.#sendOne()) {
      if (++sent < MOST_DATAGRAMS) continue;
      // Others want their turn too.
      this.schedule();
      break;
    }
    if (!this.#closed) this.#timer.arm(this.conn.timeout());
  }

  /** Sends one datagram; false when there is none. */
  #sendOne(): boolean {
    const { space, transmit } = this.#options;
    let sent: ReturnType<QuicheConnection["send"]>;
    try {
      sent = this.conn.send(space());
    } catch (cause) {
      this.gone(new Error(`quiche cannot go on with the connection: ${String(cause)}`, { cause }));
      return false;
    }
    if (sent === null) return false;
    transmit(sent[0], sent[1].to);
    return true;
  }

  #checkEnd(): void {
    if (this.#closed || !(this.conn.isClosed() || this.conn.isDraining())) return;
    this.gone(endReason(this.conn, this.#options.silenceTimeout));
  }

  // ---- timers ----

  #startPings(): void {
    if (!this.#options.pings) return;
    const { peerMaxIdleTimeout } = this.conn.stats();
    const silence = Math.min(this.#options.silenceTimeout, peerMaxIdleTimeout || Number.POSITIVE_INFINITY);
    this.#pingTimer = setInterval(() => this.ping(), Math.max(1, silence / 3)).unref();
  }
}
