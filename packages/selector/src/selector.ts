import type { Node } from "@micro/registry";

/** What is asked for. */
export interface SelectRequest {
  readonly service: string;
  /** Only nodes that offer it, where their endpoints are known. */
  readonly endpoint?: string;
  /** Only this version. */
  readonly version?: string;
  /** Only nodes (or services) with these metadata values. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Any other condition. Asked anew each time, for one node when most of them meet it. */
  readonly filter?: (node: Node, version: string) => boolean;
  /** Requests with one key go to one node as long as it is there (rendezvous hashing). */
  readonly key?: string;
  /** Node ids that were tried already; used again only when there is no other. */
  readonly exclude?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  /** For the question to the registry. @default 5000 */
  readonly timeoutMs?: number;
}

/** How a call to a node ended, for the selector's judgement of the node. */
export type Outcome =
  /** It answered, with a reply or an error of its own. */
  | "ok"
  /** It answered that it is shutting down: not a failure, but nothing new goes there. */
  | "draining"
  /** It could not be reached, or broke off. */
  | "unreachable"
  /** It did not answer in time. */
  | "timeout"
  /** The caller gave up; says nothing of the node. */
  | "cancelled";

/** A chosen node. `done` must be called exactly once, with how it went. */
export interface Selection {
  readonly node: Node;
  readonly version: string;
  done(outcome: Outcome): void;
}

/** Chooses nodes. The answer is given at once when the registry's snapshot is cached. */
export interface Selector {
  /** Whether calls to a service of the caller's own process stay inside it; the client acts on it. */
  readonly preferLocal: boolean;
  /**
   * Fails with `NOT_FOUND` (id `go.micro.client`) when nobody is there, `UNAVAILABLE` when the registry cannot be asked,
   * `CANCELLED` when the signal was aborted. Throws when the answer is known at once, else the promise rejects.
   */
  select(request: SelectRequest): Selection | Promise<Selection>;
}
