import type { QuicConnectionHandler } from "./driver.ts";
import { PeerStreams } from "./peer-streams.ts";
import type { QuicheBinding, QuicheConnection } from "./quiche-binding.ts";
import { QuicheStream, type StreamHost } from "./quiche-stream.ts";

/** What the streams of a connection need of it. */
export interface StreamsOwner {
  readonly binding: QuicheBinding;
  readonly conn: QuicheConnection;
  readonly closed: boolean;
  /** There may be something to send. */
  schedule(): void;
  /** Runs after the current call, unless the connection has ended by then. */
  later(tell: () => void): void;
}

/** So many streams that ended last are looked at when a connection is to close after all has arrived. */
const MOST_UNCONFIRMED = 1024;

/**
 * The streams of one connection: those opened here, within what the peer allows, and those of the peer. Those that wait
 * for room take turns.
 */
export class QuicheStreams implements StreamHost {
  readonly binding: QuicheBinding;
  readonly conn: QuicheConnection;
  readonly #owner: StreamsOwner;
  readonly #streams = new Map<number, QuicheStream>();
  readonly #peerStreams: PeerStreams;
  readonly #blocked = new Set<QuicheStream>();
  /** Streams whose end was sent and perhaps not confirmed; the oldest first. */
  readonly #unconfirmed = new Set<number>();
  #next: number;
  /** Somebody was refused a stream, and is to be told when there is one. */
  #wanted = false;

  /** `role` is bit 0 of the streams opened here (RFC 9000, 2.1). */
  constructor(owner: StreamsOwner, role: 0 | 1) {
    this.#owner = owner;
    this.binding = owner.binding;
    this.conn = owner.conn;
    this.#next = role;
    this.#peerStreams = new PeerStreams(1 - role);
  }

  /** A new stream; undefined while the peer allows no more. */
  open(): QuicheStream | undefined {
    const stream = new QuicheStream(this, this.#next);
    if (this.conn.peerStreamsLeftBidi() <= 0 || !stream.prime()) {
      this.#wanted = true;
      return undefined;
    }
    this.#next += 4;
    this.#streams.set(stream.id, stream);
    return stream;
  }

  /** Tells of all that came: what can be read, where there is room, whether the peer allows more. */
  work(handler: QuicConnectionHandler): void {
    for (const id of this.conn.readable()) {
      const stream = this.#streams.get(id) ?? this.#accept(id, handler);
      stream?.readable();
      if (this.closed) return;
    }
    this.#retryBlocked();
    if (this.#wanted && this.conn.peerStreamsLeftBidi() > 0) {
      this.#wanted = false;
      handler.onStreamsAvailable();
    }
  }

  /** True when the peer has confirmed all that was sent. */
  allConfirmed(): boolean {
    if (this.#blocked.size > 0) return false;
    for (const id of this.#unconfirmed) {
      try {
        this.conn.streamCapacity(id);
        return false;
      } catch {
        // quiche has forgotten the stream: all of it has arrived, or the peer wants no more.
        this.#unconfirmed.delete(id);
      }
    }
    return true;
  }

  /** The connection is over, and nothing more happens on them. */
  clear(): void {
    this.#streams.clear();
    this.#blocked.clear();
  }

  /** A stream that the peer has opened with what came now; undefined for one that is over here. */
  #accept(id: number, handler: QuicConnectionHandler): QuicheStream | undefined {
    if (!this.#peerStreams.isNew(id)) return undefined;
    const stream = new QuicheStream(this, id);
    this.#streams.set(id, stream);
    handler.onStream(stream);
    return stream;
  }

  /** Those that wait for room take turns, so that one that has much to send leaves some to the others. */
  #retryBlocked(): void {
    for (let progress = this.#blocked.size > 0; progress; ) {
      progress = false;
      for (const stream of Array.from(this.#blocked)) {
        if (this.closed) return;
        if (!this.#blocked.delete(stream)) continue;
        const before = stream.written;
        stream.writable();
        progress ||= stream.written > before && this.#blocked.has(stream);
      }
    }
  }

  // ---- what a stream needs ----

  get closed(): boolean {
    return this.#owner.closed;
  }

  get othersWait(): boolean {
    return this.#blocked.size > 0;
  }

  schedule(): void {
    this.#owner.schedule();
  }

  later(tell: () => void): void {
    this.#owner.later(tell);
  }

  blocked(stream: QuicheStream): void {
    this.#blocked.add(stream);
  }

  ended(stream: QuicheStream): void {
    this.#unconfirmed.add(stream.id);
    if (this.#unconfirmed.size > MOST_UNCONFIRMED) {
      this.#unconfirmed.delete(this.#unconfirmed.values().next().value as number);
    }
  }

  over(stream: QuicheStream): void {
    this.#streams.delete(stream.id);
    this.#blocked.delete(stream);
  }
}
