import type { QuicStream, QuicStreamHandler } from "./driver.ts";
import { peerCode, type QuicheBinding, type QuicheConnection } from "./quiche-binding.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly binding: QuicheBinding;
  readonly conn: QuicheConnection;
  readonly closed: boolean;
  /** There may be something to send. */
  schedule(): void;
  /** Runs after the current call, unless the connection has ended by then. */
  later(tell: () => void): void;
  /** Whether other streams wait for room. */
  readonly othersWait: boolean;
  /** `write` did not take everything. */
  blocked(stream: QuicheStream): void;
  /** Everything was written, with the end. */
  ended(stream: QuicheStream): void;
  /** Nothing more happens on it. */
  over(stream: QuicheStream): void;
}

const NO_BYTES = new Uint8Array(0);
/** So much of one stream goes out in a row while others wait too. */
const FAIR_BYTES = 64 * 1024;

const idle: QuicStreamHandler = {
  onReadable: () => undefined,
  onWritable: () => undefined,
  onReset: () => undefined,
  onStopped: () => undefined,
};

/** A stream on quiche's bindings. */
export class QuicheStream implements QuicStream {
  readonly id: number;
  handler: QuicStreamHandler = idle;
  readonly #host: StreamHost;
  /** The peer's direction has ended, been reset, or is not read any more. */
  #readOver = false;
  #endSeen = false;
  #writeOver = false;
  #wantsRead = true;
  /** Bytes that quiche has taken. */
  written = 0;

  constructor(host: StreamHost, id: number) {
    this.#host = host;
    this.id = id;
  }

  read(target: Uint8Array): number {
    if (this.#endSeen) return -1;
    if (this.#readOver || this.#host.closed) return 0;
    const got = this.#receive(target);
    if (got === undefined) return 0;
    const [length, end] = got;
    if (end) this.#sawEnd();
    // What was read opens windows: the peer is to learn of it.
    if (length > 0) this.#host.schedule();
    else if (end) return -1;
    else this.#wantsRead = true;
    return length;
  }

  #receive(target: Uint8Array): [number, boolean] | undefined {
    try {
      return this.#host.conn.streamRecv(this.id, target) ?? [0, false];
    } catch (error) {
      const code = peerCode(error) ?? 0;
      this.#closeRead();
      this.#host.later(() => this.handler.onReset(code));
      return undefined;
    }
  }

  #sawEnd(): void {
    this.#endSeen = true;
    this.#closeRead();
  }

  #closeRead(): void {
    this.#readOver = true;
    this.#wantsRead = false;
    if (this.#writeOver) this.#host.over(this);
  }

  write(bytes: Uint8Array, end: boolean): number {
    const host = this.#host;
    if (this.#writeOver || host.closed) return 0;
    const part = host.othersWait && bytes.length > FAIR_BYTES ? bytes.subarray(0, FAIR_BYTES) : bytes;
    const taken = this.#send(part, end && part === bytes);
    this.written += taken;
    if (this.#writeOver) return taken;
    if (taken < bytes.length) host.blocked(this);
    else if (end) this.#wroteEnd();
    host.schedule();
    return taken;
  }

  #send(bytes: Uint8Array, end: boolean): number {
    try {
      return this.#host.conn.streamSend(this.id, bytes, end) ?? 0;
    } catch (error) {
      const code = peerCode(error) ?? 0;
      this.#closeWrite();
      this.#host.later(() => this.handler.onStopped(code));
      return 0;
    }
  }

  #wroteEnd(): void {
    this.#host.ended(this);
    this.#closeWrite();
  }

  #closeWrite(): void {
    this.#writeOver = true;
    if (this.#readOver) this.#host.over(this);
  }

  reset(code: number): void {
    if (this.#writeOver || this.#host.closed) return;
    this.#shutdown(this.#host.binding.Shutdown.Write, code);
    this.#closeWrite();
  }

  stop(code: number): void {
    if (this.#readOver || this.#host.closed) return;
    this.#shutdown(this.#host.binding.Shutdown.Read, code);
    this.#closeRead();
  }

  #shutdown(direction: number, code: number): void {
    try {
      this.#host.conn.streamShutdown(this.id, direction, code);
    } catch {
      // The peer has ended this direction meanwhile: there is nobody to tell.
    }
    this.#host.schedule();
  }

  // ---- what its connection tells ----

  /** quiche says that it is readable. */
  readable(): void {
    if (this.#wantsRead) {
      this.#wantsRead = false;
      this.handler.onReadable();
    } else if (!this.#readOver && this.#host.conn.streamFinished(this.id)) {
      // Nobody reads just now, and there is nothing to read but the end: was it a reset?
      const got = this.#receive(new Uint8Array(1));
      if (got?.[1] === true) this.#sawEnd();
    }
  }

  /** There may be room. */
  writable(): void {
    if (this.#writeOver) return;
    let room: boolean;
    try {
      room = this.#host.conn.streamCapacity(this.id) > 0;
    } catch (error) {
      this.#closeWrite();
      this.handler.onStopped(peerCode(error) ?? 0);
      return;
    }
    if (room) this.handler.onWritable();
    else this.#host.blocked(this);
  }

  /** Makes quiche know a stream that was opened here, so that its number is used up. False when the peer allows no more. */
  prime(): boolean {
    try {
      this.#host.conn.streamSend(this.id, NO_BYTES, false);
      return true;
    } catch {
      return false;
    }
  }
}
