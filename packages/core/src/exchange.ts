import type { CallKind } from "./call.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Metadata } from "./metadata.ts";

/** A call that stays inside the process. */
export interface LocalCall {
  readonly kind: CallKind;
  readonly endpoint: string;
  readonly metadata: Metadata;
  /** Absolute, in ms since the epoch. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  /** The request, or an AsyncIterable of requests; already isolated from the caller's objects. */
  readonly message: unknown;
}

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
}

/**
 * Where the servers of one process meet the clients of the same process. Each service has its own unless an
 * application shares one on purpose (`createMonolith` does).
 */
export class Exchange {
  readonly #nodes = new Map<string, LocalNode[]>();

  /** Makes a node reachable; returns how to take it away. */
  bind(node: LocalNode): () => void {
    const nodes = this.#nodes.get(node.service) ?? [];
    this.#nodes.set(node.service, [...nodes, node]);
    return () => {
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
