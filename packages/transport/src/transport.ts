import type { Lifecycle, Metadata } from "@micro/core";

/** What travels: pairs of text and a body. */
export interface TransportMessage {
  readonly header: Metadata;
  readonly body: Uint8Array;
}

/** One exchange of messages on a session. Messages of one direction keep their order. */
export interface TransportStream {
  /**
   * Hands a message to the transport. Returns undefined when more may be sent at once, else a promise that resolves
   * when there is room again (back-pressure). Throws or rejects with `UNAVAILABLE` when the stream is broken.
   */
  send(message: TransportMessage): Promise<void> | undefined;
  /** No more will be sent in this direction; the other one stays open. */
  closeSend(): void;
  /** The messages of the other side; ends after its `closeSend`, throws `UNAVAILABLE` when the connection breaks. One reader.
   * A reader that leaves its loop does not keep the sender waiting: what still comes is dropped. */
  readonly messages: AsyncIterable<TransportMessage>;
  /** Ends both directions at once; the other side sees a broken stream. Idempotent. */
  abort(reason: Error): void;
  /** Calls `listener` once when the stream is over for a reason other than both sides having closed it. */
  onAbort(listener: (reason: Error) => void): void;
}

/** Bounds of one operation. */
export interface TransportCallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** A connection to one peer, seen from the side that dialled. */
export interface Session {
  /** Exchanges (calls and streams) that may run at once: 1 towards Go's http, many between our own. */
  readonly maxConcurrent: number;
  /** Exchanges that run now. */
  readonly active: number;
  /** False once it is closed, broken, or told by the peer to take nothing new. */
  readonly usable: boolean;
  /**
   * One request, one reply; a reply beyond the size limit ends it with `RESOURCE_EXHAUSTED`. Callback instead of a promise, because this is the path every call takes: `done` is
   * called once, later, never inside `call`. Returns how to give up: the reply is then dropped, the peer is told
   * where the transport can, and `done` is not called.
   */
  call(message: TransportMessage, done: CallDone): (reason: Error) => void;
  /** A stream. Rejects with `UNAVAILABLE` when the session is not usable. */
  open(options?: TransportCallOptions): Promise<TransportStream>;
  /** Calls `listener` once when it stops being usable. */
  onClose(listener: (reason: Error | undefined) => void): void;
  /** Lets running exchanges finish within `graceMs` (@default 0), then closes. Idempotent. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Ends a {@link Session.call}: an error, whose `notSent` says whether a repetition is safe, or a reply. */
export type CallDone = (error: Error | undefined, reply: TransportMessage | undefined) => void;

/** A request as a server sees it, before it knows whether a call or a stream begins. */
export interface IncomingExchange {
  /** The first message. */
  readonly first: TransportMessage;
  /** Address of the peer. */
  readonly remote: string;
  /** Own address on this connection. */
  readonly local: string;
  /** Answers a call with one message. Exactly one of `reply` and `accept` is used. */
  reply(message: TransportMessage): void;
  /** Treats it as a stream: what follows `first` comes from its `messages`. */
  accept(): TransportStream;
  /** Calls `listener` once when the peer has gone or gave up before the reply. */
  onAbort(listener: (reason: Error) => void): void;
}

/** A listening server. */
export interface Listener {
  /** `host:port` that was bound, or the name. */
  readonly address: string;
  /** Tells peers to send nothing new on their connections, accepts no others; running exchanges go on. */
  drain(): void;
  /** Closes all; exchanges that still run after `graceMs` (@default 0) are aborted. Idempotent. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Options of {@link Transport.dial}. */
export interface DialOptions extends TransportCallOptions {
  /** Metadata of the registry's node: says what the peer can. @default {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Carries messages between processes. */
export interface Transport extends Lifecycle {
  /** Name in node metadata: `http`. */
  readonly name: string;
  /** What servers on this transport add to their node metadata, so that dialling peers know what they can. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * What its addresses are. A `name` means something to this transport alone (a subject of NATS): it is registered and
   * dialled as it is, and nobody looks for a host and a port in it. @default "host:port"
   */
  readonly addressing?: "host:port" | "name";
  /**
   * Listens on `host:port` (port 0 for any). `onExchange` is called per call or stream, inside the read loop: it must
   * not block. Rejects with `CONFLICT` when the address is taken.
   */
  listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener>;
  /** Rejects with `UNAVAILABLE` (`notSent`) when nobody answers, `TIMEOUT` when it takes longer than `timeoutMs` (@default 5000). */
  dial(address: string, options?: DialOptions): Promise<Session>;
}
