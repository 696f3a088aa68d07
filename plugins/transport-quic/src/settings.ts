import type { Logger } from "@micro/core";

/** The checked options of the plugin, durations in ms and sizes in bytes. */
export interface TransportSettings {
  /** Largest body of one message. */
  readonly maxMessageSize: number;
  /** Largest header block of one message. */
  readonly maxHeaderSize: number;
  /** Most headers of one message. */
  readonly maxHeaders: number;
  /** Longest time of a connection's handshake, on the listening side. */
  readonly handshakeTimeout: number;
  /** Longest wait for the rest of a message that has begun. */
  readonly readTimeout: number;
  /** Longest time of a connection on which nothing runs; 0 for any. */
  readonly idleTimeout: number;
  /** Silence of the peer after which its connection is given up; pings keep the living from it. */
  readonly pingTimeout: number;
  /** Most connections of one listener. */
  readonly maxConnections: number;
  /** Most exchanges that run at once on one connection. */
  readonly maxConcurrent: number;
  /** Most bytes that wait to be sent on one connection. */
  readonly maxWriteBuffer: number;
  /** Most bytes of messages that have begun to come on one connection. */
  readonly maxReadBuffer: number;
  /** Bytes of one stream that may be on their way before its reader has taken them. */
  readonly streamWindow: number;
  /** Largest UDP payload to send. */
  readonly maxDatagramSize: number;
}

/** What the connections of one transport share. */
export interface TransportContext {
  readonly settings: TransportSettings;
  readonly logger: Logger;
  /** Where bytes are read to before they are taken apart. Nothing stays in it. */
  readonly scratch: Uint8Array;
}
