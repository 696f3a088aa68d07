import type { Deadlines, LocalSink, Logger } from "@micro/core";
import type { MessageCodec } from "./network.ts";

/** Who is told that a call is over before it ended by itself, and how a node of this process answered it. */
export interface AbortTarget extends Partial<LocalSink> {
  aborted(reason: Error): void;
  /** The time of one attempt is over, but not yet that of the call. */
  attemptExpired?(): void;
  /** Makes the attempt that was chosen: what the attempt middleware stands around. */
  perform?(): Promise<unknown>;
  /** True while something of the call still runs. */
  readonly busy?: boolean;
}

/** What a call belongs to. */
export interface CallOwner {
  /** Name of the calling service. */
  readonly service: string;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** Default of unary calls, in ms. */
  readonly timeoutMs: number;
  /** The codec of a content type, or of the client's own. Throws `BAD_REQUEST` for one that no listed codec serves. */
  codecOf(contentType: string | undefined): MessageCodec;
}
