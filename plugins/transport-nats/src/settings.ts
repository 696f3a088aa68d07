import type { Logger } from "@micro/core";
import type { NatsLink } from "@micro/nats";
import type { Mailbox } from "./mailbox.ts";

/** The checked options of the plugin, durations in ms and sizes in bytes. */
export interface NatsSettings {
  /** Largest body of one message. */
  readonly maxMessageSize: number;
  /** Whether our own peers are sent what is larger than the server's `max_payload` in pieces. */
  readonly chunking: boolean;
  /** Largest header of one message. */
  readonly maxHeaderSize: number;
  /** Most pairs of a header. */
  readonly maxHeaders: number;
  /** Silence of one of our own peers, while something runs, before it is asked whether it is there. */
  readonly probeInterval: number;
  /** Longest time that a peer which was asked may be silent. */
  readonly peerTimeout: number;
  /** Silence of a caller for which nothing runs before it is forgotten. */
  readonly idleTimeout: number;
  /** Most callers of one listener. */
  readonly maxSessions: number;
  /** Most exchanges that run at once for one caller. */
  readonly maxConcurrent: number;
  /** Most bytes that wait for the NATS server to take them. */
  readonly maxWriteBuffer: number;
  /** Most bytes of a Go peer's stream that wait for their reader. */
  readonly maxReadBuffer: number;
  /** Bytes of one stream of our own peers that may be on their way before its reader has taken them. */
  readonly streamWindow: number;
}

/** What the sessions of one transport share. */
export interface TransportContext {
  readonly settings: NatsSettings;
  readonly logger: Logger;
  readonly link: NatsLink;
  readonly mailbox: Mailbox;
}
