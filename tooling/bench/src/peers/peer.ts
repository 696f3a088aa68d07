/** One row of a message with a body of some size. */
export interface Item {
  readonly sku: string;
  readonly count: number;
  readonly price: number;
  readonly note: string;
}

/** What every peer echoes: `id` ties a reply to its request and is checked by the driver. */
export interface Message {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly items: readonly Item[];
}

/** A bidirectional stream on which the server answers each message with an equal one, in order. */
export interface PeerStream {
  /** Sends one message; a promise means "wait for me before the next one". */
  send(message: Message): Promise<void> | void;
  readonly replies: AsyncIterable<Message>;
  close(): Promise<void>;
}

/** A client that is connected and has found the server. */
export interface PeerClient {
  call(message: Message): Promise<Message>;
  /** Absent where the peer has no bidirectional stream. */
  openStream?(): Promise<PeerStream>;
  close(): Promise<void>;
}

/** A running echo server; `address` is whatever the same peer's `connect` understands. */
export interface PeerServer {
  readonly address: string;
  close(): Promise<void>;
}

/** One thing that is compared: an echo service and a client for it. */
export interface Peer {
  readonly name: string;
  /** Listens on 127.0.0.1, on a port of the system's choice. Absent where `connect` makes the server too. */
  startServer?(): Promise<PeerServer>;
  connect(address: string): Promise<PeerClient>;
}
