import type { CallKind } from "./call.ts";
import type { Cancellation } from "./cancellation.ts";
import type { MicroError } from "./errors.ts";
import type { Metadata } from "./metadata.ts";

/** Who is told what a handler says beside its reply: copies, and nothing where it says nothing. */
export interface ReplyMetadataSink {
  /** At most once, before the first message or the end. */
  onReplyHeader?(metadata: Metadata): void;
  /** At most once, before the end. */
  onReplyTrailer?(metadata: Metadata): void;
}

/** A call that stays inside the process. */
export interface LocalCall extends ReplyMetadataSink {
  readonly kind: CallKind;
  readonly endpoint: string;
  readonly metadata: Metadata;
  /** Absolute, in ms since the epoch. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  /** The request, or an AsyncIterable of requests; already isolated from the caller's objects. */
  readonly message: unknown;
}

/** Who is told, once, how a call ended that took time. */
export interface LocalSink {
  replied(reply: unknown): void;
  failed(error: MicroError): void;
}

/** What a {@link LocalEntry} gives when the call takes time: its sink will be told. */
export const PENDING: unique symbol = Symbol.for("micro.call.pending") as never;

/**
 * The way into one unary endpoint of a node: limits, validation, context, middleware and handler, as for a call from
 * the network. Gives the reply, or `PENDING`; throws a MicroError when the call failed at once. `message` stands for
 * the call's own. The caller enforces the deadline and isolates the messages.
 */
export type LocalEntry = (call: LocalCall, message: unknown, sink: LocalSink) => unknown;

/** A running server of this process, as the callers of this process reach it. */
export interface LocalNode {
  readonly id: string;
  readonly service: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** False while it drains: it finishes what runs and takes nothing new. */
  readonly accepting: boolean;
  hasEndpoint(endpoint: string): boolean;
  /** Runs the call behind the same middleware, validation and limits as a call from the network. */
  dispatch(call: LocalCall): Promise<unknown>;
  /**
   * The shorter way that a node may offer for unary calls; undefined for streams and for what it does not have. Callers
   * keep it for as long as the exchange has the same `version`: such a node is unbound when it stops accepting.
   */
  entry?(endpoint: string): LocalEntry | undefined;
}

/**
 * Where the servers of one process meet the clients of the same process. Each service has its own unless an
 * application shares one on purpose (`createMonolith` does).
 */
export class Exchange {
  readonly #nodes = new Map<string, LocalNode[]>();
  #version = 0;

  /** Rises whenever a node comes or goes, so that what was looked up can be kept until then. */
  get version(): number {
    return this.#version;
  }

  /** Makes a node reachable; returns how to take it away. */
  bind(node: LocalNode): () => void {
    const nodes = this.#nodes.get(node.service) ?? [];
    this.#nodes.set(node.service, [...nodes, node]);
    this.#version++;
    return () => {
      this.#version++;
      const rest = (this.#nodes.get(node.service) ?? []).filter((other) => other !== node);
      if (rest.length === 0) this.#nodes.delete(node.service);
      else this.#nodes.set(node.service, rest);
    };
  }

  /** The nodes of a service in this process; empty when there is none. */
  nodes(service: string): readonly LocalNode[] {
    return this.#nodes.get(service) ?? NONE;
  }
}

const NONE: readonly LocalNode[] = [];
