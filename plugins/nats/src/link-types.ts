import type { Bounds } from "./waiting.ts";

// What users of a link see. The library's own types stay out of it: its declarations do not compile under
// `exactOptionalPropertyTypes`, and whoever checks the declarations of their dependencies would see that.

/** What a connection is made with: options of the library. */
export interface LinkSettings {
  readonly servers: string[];
  /** For one try to connect, in ms. */
  readonly timeout?: number;
  /** Before the first try again, in ms; so much jitter is added. */
  readonly reconnectTimeWait?: number;
  readonly [option: string]: unknown;
}

/** What a link has seen since it was made. */
export interface NatsLinkCounters {
  /** Connections lost. */
  readonly disconnects: number;
  /** Messages that were on the way to the server when the connection was lost: nobody knows whether they arrived. */
  readonly unconfirmed: number;
}

/** A message as NATS delivers it. */
export interface NatsMessage {
  readonly subject: string;
  /** Where an answer is expected, if one is. */
  readonly reply: string | undefined;
  readonly data: Uint8Array;
  /** The server says that nobody listens to what was asked. */
  readonly noResponders: boolean;
}

/** A live subscription; it comes back by itself after an outage. */
export interface NatsSubscription {
  /** Takes it away. What the server had sent before is still delivered; resolves then. Idempotent, never rejects. */
  drain(this: void, bounds?: Bounds): Promise<void>;
  /** Takes it away at once. Idempotent. */
  end(this: void): void;
}
