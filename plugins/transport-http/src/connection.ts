import type { Socket } from "node:net";
import { unavailable } from "@micro/transport";
import type { MessageKind, ReceivedMessage } from "./header-block.ts";
import { MessageReader } from "./message-reader.ts";
import { Outbox } from "./outbox.ts";
import type { HttpSettings } from "./settings.ts";

/** What a connection tells its owner. None of it is called inside a method of the connection. */
export interface ConnectionOwner {
  onMessage(message: ReceivedMessage): void;
  /** The peer broke the framing: nothing more is read. The owner closes the connection. */
  onViolation(error: Error): void;
  /** The peer sends no more, at the end of a message. The owner closes the connection. */
  onPeerEnd(): void;
  /** The socket takes bytes again. */
  onRoom(): void;
  /** The end, once. `reason` is undefined when nothing went wrong. */
  onClosed(reason: Error | undefined): void;
  /** Looks at deadlines of its own; `now` is of `performance.now()`. */
  onCheck(now: number): void;
}

/** One socket with its reader, its outbox and its deadlines. */
export class Connection {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly reader: MessageReader;
  /** Own and the peer's address, as `host:port`. */
  readonly local: string;
  readonly remote: string;
  readonly #settings: HttpSettings;
  readonly #owner: ConnectionOwner;
  readonly #watch: ConnectionWatch;
  /** When the message that is being read began; 0 between messages. */
  #partialSince = 0;
  /** When something was last read. */
  lastRead = performance.now();
  /** Throws away what is left after `end()`. */
  #endTimer: NodeJS.Timeout | undefined;
  #finishing = false;
  /** The owner wants nothing to be read now. */
  #held = false;
  /** Since when large chunks have come without a turn of the event loop; 0 between turns. */
  #turnSince = 0;
  #waitsForTurn = false;
  #reason: Error | undefined;
  #closed = false;

  constructor(
    socket: Socket,
    options: {
      readonly kind: MessageKind;
      readonly settings: HttpSettings;
      readonly owner: ConnectionOwner;
      readonly watch: ConnectionWatch;
    },
  ) {
    const { settings, owner, watch } = options;
    this.socket = socket;
    this.#settings = settings;
    this.#owner = owner;
    this.#watch = watch;
    this.local = endpoint(socket.localAddress, socket.localPort);
    this.remote = endpoint(socket.remoteAddress, socket.remotePort);
    this.reader = new MessageReader(options.kind, settings, (message) => owner.onMessage(message));
    this.outbox = new Outbox(socket, () => {
      if (this.#finishing) this.end();
      else owner.onRoom();
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 15_000);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => {
      if (this.#closed) return;
      if (this.reader.end()) owner.onPeerEnd();
      else owner.onViolation(unavailable("the peer closed the connection in the middle of a message"));
    });
    socket.on("error", (error) => {
      this.#reason ??= unavailable(`the connection to ${this.remote} broke: ${error.message}`, {
        cause: error,
      });
    });
    socket.on("close", () => this.#onClose());
    watch.add(this);
  }

  /** What may be behind it that the peer closes the connection, for errors; empty when it has answered before. */
  get unheard(): string {
    return this.reader.headers > 0 || "encrypted" in this.socket
      ? ""
      : "; if it expects TLS, set transport.tls";
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes what is left, then closes; what the peer does not take within `lingerMs` (@default 1000, never more) is
   * dropped. A later call may shorten the time.
   */
  end(lingerMs = MAX_LINGER_MS): void {
    if (this.#closed) return;
    const waiting = this.#endTimer !== undefined;
    if (waiting && lingerMs >= MAX_LINGER_MS) return;
    clearTimeout(this.#endTimer);
    // Not unref'd: whoever closes waits for it, and it is short.
    this.#endTimer = setTimeout(() => this.socket.destroy(), Math.min(lingerMs, MAX_LINGER_MS));
    if (waiting) return;
    this.reader.close();
    this.outbox.end();
    // Bytes that nobody reads any more would keep the socket from seeing the peer's end.
    this.resume();
  }

  /** Reads nothing until `resume()`. */
  pause(): void {
    this.#held = true;
    this.socket.pause();
  }

  resume(): void {
    this.#held = false;
    if (!this.#waitsForTurn) this.socket.resume();
  }

  /** Reads no more, writes what is left for as long as the peer takes it, then closes. */
  finish(): void {
    this.reader.close();
    this.resume();
    if (this.outbox.full) this.#finishing = true;
    else this.end();
  }

  /** Closes at once. */
  destroy(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#reason ??= reason;
    this.reader.close();
    this.outbox.close();
    this.socket.destroy();
  }

  /** Called by the watch from time to time. */
  check(now: number): void {
    const { readTimeout, writeTimeout } = this.#settings;
    const { blockedSince } = this.outbox;
    // While we do not read, it is not the peer who is slow.
    if (this.#partialSince !== 0 && this.socket.isPaused()) this.#partialSince = now;
    if (this.#endTimer !== undefined) return; // it ends by itself
    if (this.#partialSince !== 0 && now - this.#partialSince > readTimeout) {
      this.destroy(
        unavailable(`a message was not complete within transport.read_timeout, ${readTimeout} ms`),
      );
    } else if (blockedSince !== 0 && now - blockedSince > writeTimeout) {
      this.destroy(unavailable(`the peer took no bytes for transport.write_timeout, ${writeTimeout} ms`));
    } else this.#owner.onCheck(now);
  }

  #onData(chunk: Buffer): void {
    this.lastRead = performance.now();
    const { reader } = this;
    const { count } = reader;
    try {
      reader.feed(chunk);
    } catch (error) {
      reader.close();
      this.#owner.onViolation(error instanceof Error ? error : unavailable(String(error)));
      return;
    }
    if (!reader.partial) this.#partialSince = 0;
    else if (this.#partialSince === 0 || reader.count !== count) this.#partialSince = this.lastRead;
    if (chunk.length >= LARGE_CHUNK) this.#shareTurn();
  }

  /**
   * Where there is more to read, Node reads it in the same turn of the event loop, two megabytes and more. The calls in
   * them would keep timers and all other connections waiting for a tenth of a second.
   */
  #shareTurn(): void {
    if (this.#turnSince === 0) {
      this.#turnSince = this.lastRead;
      setImmediate(() => this.#nextTurn());
    }
    if (this.#waitsForTurn || performance.now() - this.#turnSince < SHARE_MS) return;
    this.#waitsForTurn = true;
    this.socket.pause();
  }

  #nextTurn(): void {
    this.#turnSince = 0;
    if (!this.#waitsForTurn) return;
    this.#waitsForTurn = false;
    if (!this.#held) this.socket.resume();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#endTimer);
    this.reader.close();
    this.outbox.close();
    this.#watch.delete(this);
    this.#owner.onClosed(this.#reason);
  }
}

/** Smaller ones leave nothing behind to be read in the same turn. */
const LARGE_CHUNK = 16 * 1024;
/** What one connection may take of the event loop in one turn, in ms. */
const SHARE_MS = 10;
/** How long a closing connection may take to deliver its last bytes. */
const MAX_LINGER_MS = 1000;

/** One timer for the deadlines of all connections of a transport; runs while there are any. */
export class ConnectionWatch {
  readonly #connections = new Set<Connection>();
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    // Behind the reads of the same turn: after a time in which this process did not run, what the peers have sent meanwhile
    // is still unread, and none of them was slow.
    this.#timer ??= setInterval(() => setImmediate(() => this.#check()), this.#intervalMs).unref();
  }

  delete(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.check(now);
  }
}

/** `host:port`, with brackets around an IPv6 address. */
export function endpoint(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return "";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
