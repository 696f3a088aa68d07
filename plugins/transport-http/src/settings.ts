/**
 * The checked options of the plugin, durations in ms (`Infinity` where 0 was given) and sizes in bytes. One object is
 * shared by all of its connections.
 */
export interface HttpSettings {
  /** Largest body of one message. */
  readonly maxMessageSize: number;
  /** Largest header block of one message, start line included. */
  readonly maxHeaderSize: number;
  /** Most header lines of one message. */
  readonly maxHeaders: number;
  /** Longest time from accept to the end of the first header block. */
  readonly headerTimeout: number;
  /** Longest time from the first to the last byte of one message. */
  readonly readTimeout: number;
  /** Longest time that a peer may refuse to take bytes. */
  readonly writeTimeout: number;
  /** Longest silence of a connection without running exchanges. */
  readonly idleTimeout: number;
  /** Silence of a multiplexing peer, while something is asked of it, before it is pinged; as long again, and it is given up. */
  readonly pingTimeout: number;
  /** Most connections of one listener. */
  readonly maxConnections: number;
  /** Most exchanges that run at once on one connection. */
  readonly maxConcurrent: number;
  /** Most bytes that wait for one peer to read them. */
  readonly maxWriteBuffer: number;
  /** Bytes of one multiplexed stream that may be on their way before its reader has taken them. */
  readonly streamWindow: number;
  /** Whether calls share a connection with peers that can. */
  readonly multiplex: boolean;
}
