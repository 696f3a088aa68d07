/**
 * What the transport needs of a QUIC implementation (RFC 9000). The plugin brings one for the bindings of
 * `@matrixai/quic` and `@infisical/quic`; whoever has another, such as a later `node:quic`, writes these four interfaces
 * and hands the result to the option `driver`.
 *
 * The rules for all of them: nothing is called back inside a method that the transport calls, except `onClosed` inside
 * `close`; streams are bidirectional, and reading is what opens the window to the peer again.
 */

/** Options of both ends of a connection. Durations are in ms, sizes in bytes. */
export interface QuicSettings {
  /** The one protocol of ALPN; a peer without it is refused in the handshake. */
  readonly alpn: string;
  /** Unread bytes of one stream that the peer may send. A connection's window is this times `maxStreams`, so that streams whose readers are slow cannot use up what others need. */
  readonly streamWindow: number;
  /** Streams that the peer may have open at once. */
  readonly maxStreams: number;
  /** Silence of the peer after which the connection is given up. */
  readonly silenceTimeout: number;
  /** Largest UDP payload to send; from 1200. */
  readonly maxDatagramSize: number;
  /** Certificates (PEM) that sign those of peers. */
  readonly ca?: string;
}

/** Options of {@link QuicDriver.listen}. */
export interface QuicListenOptions extends QuicSettings {
  /** Own certificate with its chain, and its private key without encryption; both PEM. */
  readonly cert: string;
  readonly key: string;
  /** Name or IP; empty for every interface. */
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** Whether clients have to show a certificate that `ca` has signed. */
  readonly requestCert: boolean;
  /** Most connections at once, those in their handshake included; further ones are refused. */
  readonly maxConnections: number;
  /** Longest time of a handshake. */
  readonly handshakeTimeout: number;
  /** A connection whose handshake is done. */
  readonly onConnection: (connection: QuicConnection) => void;
  /** Something that no caller can be told: a handshake that failed, a connection refused. */
  readonly onWarning: (text: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Options of {@link QuicDriver.connect}. */
export interface QuicConnectOptions extends QuicSettings {
  /** What is shown to servers that ask for a certificate, as of a listener. */
  readonly cert?: string;
  readonly key?: string;
  readonly host: string;
  readonly port: number;
  /** Name or IP that the server's certificate must be for. */
  readonly serverName: string;
  /** How the server's certificate is checked: signed by `ca` and for `serverName`, equal to a SHA-256 fingerprint (`AB:CD:…`) whoever signed it, or not at all. */
  readonly verify: "ca" | { readonly fingerprint: string } | "none";
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** An implementation of QUIC. */
export interface QuicDriver {
  /** The package or module it runs on, for errors and logs. */
  readonly name: string;
  /** Binds a UDP socket. Rejects with an error whose `code` is `EADDRINUSE` when the address is taken. */
  listen(options: QuicListenOptions): Promise<QuicEndpoint>;
  /** Connects and checks the peer's certificate. Rejects with the signal's reason when that is aborted, with any error when it fails. */
  connect(options: QuicConnectOptions): Promise<QuicConnection>;
}

/** A bound UDP socket that takes connections. */
export interface QuicEndpoint {
  readonly host: string;
  readonly port: number;
  /** Refuses new connections from now on; those that are open go on. */
  drain(): void;
  /** Closes the socket, and what is still open on it without a word to the peers. Idempotent. */
  close(): Promise<void>;
}

/** What a connection tells. */
export interface QuicConnectionHandler {
  /** The peer opened a stream. Its handler is to be set before this returns. */
  onStream(stream: QuicStream): void;
  /** The peer allows more streams: {@link QuicConnection.open} may be tried again. */
  onStreamsAvailable(): void;
  /** The end, once. Its streams tell nothing more; `reason` is undefined when this side closed it. */
  onClosed(reason: Error | undefined): void;
}

/** Number and words with which a connection is closed. */
export interface QuicClose {
  /** 0 when all is well. */
  readonly code: number;
  /** For people: the peer is told it where the implementation can. */
  readonly reason: string;
  /** How long to wait for the peer to confirm what was sent before, in ms. */
  readonly lingerMs: number;
}

/** A connection whose handshake is done. */
export interface QuicConnection {
  /** Own and the peer's address, as `host:port`. */
  readonly local: string;
  readonly remote: string;
  /** Streams that the peer lets this side have open at once. */
  readonly maxStreams: number;
  /** Sets who is told. Called once, before anything else; what came before is told then, later. */
  attach(handler: QuicConnectionHandler): void;
  /** A new stream; undefined while the peer allows no more. The peer hears of it with its first bytes. */
  open(): QuicStream | undefined;
  /** Closes it; streams that run end with the peer being told. Idempotent. */
  close(options: QuicClose): void;
}

/** What a stream tells. */
export interface QuicStreamHandler {
  /** There is something to read, or the peer has ended its direction, after a `read` that found neither. */
  onReadable(): void;
  /** There may be room, after a `write` that did not take everything. */
  onWritable(): void;
  /** The peer gave its direction up: nothing more can be read. */
  onReset(code: number): void;
  /** The peer reads no more: nothing more can be written. */
  onStopped(code: number): void;
}

/** One bidirectional stream. None of its methods throws; after the end of the connection they do nothing. */
export interface QuicStream {
  /** The stream's number (RFC 9000, 2.1). */
  readonly id: number;
  /** Who is told. */
  handler: QuicStreamHandler;
  /** Copies bytes into `target`: how many, 0 when there are none now, -1 at the end of the peer's direction. */
  read(target: Uint8Array): number;
  /** Takes bytes to send and says how many; fewer than all when windows are full. `end` ends the direction behind the last of them, if all were taken. */
  write(bytes: Uint8Array, end: boolean): number;
  /** Gives the own direction up: what was not sent never will be (RESET_STREAM). */
  reset(code: number): void;
  /** Reads no more, and asks the peer to send no more (STOP_SENDING). */
  stop(code: number): void;
}
