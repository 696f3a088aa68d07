import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Cancellation } from "./cancellation.ts";
import type { MethodKind } from "./contract.ts";
import type { Logger } from "./logger.ts";
import type { Metadata } from "./metadata.ts";

/** What a call is: a method kind, or `event` for a message of a topic. */
export type CallKind = MethodKind | "event";

/** One call as middleware sees it, the same on both sides, for unary calls, streams and events. */
export interface Call {
  readonly side: "client" | "server";
  readonly kind: CallKind;
  /** Service that is called. For an event: the service that handles or publishes it. */
  readonly service: string;
  /** `Greeter.Hello`; for an event the topic. */
  readonly endpoint: string;
  /** True when running it twice does no harm: only then may an attempt that failed on the way be repeated. */
  readonly idempotent: boolean;
  /** On the client: what is sent. On the server: what came. Middleware may add to it. */
  readonly metadata: Metadata;
  /** Absolute, in ms since the epoch; `Infinity` when there is none. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  /** Aborts on cancellation and when the deadline passes; made on first use. */
  readonly signal: AbortSignal;
  /** The request, or an AsyncIterable of requests for client and bidirectional streams. */
  message: unknown;
}

/** Who called. */
export interface Caller {
  /** Socket address, or `local` for a call inside the process. */
  readonly address: string;
  /** Service name when the caller told it (`Micro-From-Service`). */
  readonly service?: string;
}

/** What a handler or subscriber is given beside the message. */
export interface CallContext extends Call {
  readonly caller: Caller;
  readonly logger: Logger;
  /**
   * What the caller learns beside the reply, in its `onHeader`. It leaves with the first message of a stream, or with the
   * reply or the error: what is added later goes nowhere. Nobody reads that of an event.
   */
  readonly replyHeader: Metadata;
  /** The same for the end of the call, also with an error: the caller's `onTrailer`. */
  readonly replyTrailer: Metadata;
  /** Milliseconds until the deadline, never below 0; `Infinity` when there is none. */
  remainingMs(): number;
}

/** Runs a call and resolves with its reply: a message, or an AsyncIterable for server and bidirectional streams. */
export type Invoke<C extends Call = Call> = (call: C) => Promise<unknown>;

/** The one middleware shape: client, attempt, handler and subscriber; unary and stream. The first listed is outermost. */
export type Middleware<C extends Call = Call> = (next: Invoke<C>) => Invoke<C>;

/** `middleware` around `invoke`; the first listed is the outermost. */
export function compose<C extends Call>(middleware: readonly Middleware<C>[], invoke: Invoke<C>): Invoke<C> {
  return middleware.reduceRight((next, layer) => layer(next), invoke);
}

const STORAGE = Symbol.for("micro.call.storage");
type Holder = { [STORAGE]?: AsyncLocalStorage<CallContext> };

const holder = globalThis as Holder;
holder[STORAGE] ??= new AsyncLocalStorage();
/** Two copies of this package share one storage, so that a context crosses between them. It holds no state of its own. */
const storage = holder[STORAGE];

/** The call whose handler is running; undefined outside of handlers. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Runs `body` with `context` as the current call: calls made inside inherit deadline, cancellation and metadata. */
export function runInCall<C extends CallContext, T>(context: C, body: (context: C) => T): T {
  if (!CHEAP_SCOPES) return storage.run(context, body, context);
  return callScope.runInAsyncScope<undefined, T>(enter<C, T>, undefined, context, body);
}

/** Where every call begins: outside of its caller's own contexts, as if it had come over the network. */
const callScope = new AsyncResource("micro.call");

function enter<C extends CallContext, T>(context: C, body: (context: C) => T): T {
  storage.enterWith(context);
  return body(context);
}

/**
 * True where a scope restores what stood around it (Node 24 and later, unless switched off). One entry into it then
 * costs a sixth of `AsyncLocalStorage.run`, which was a third of a call inside the process.
 */
const CHEAP_SCOPES = ((): boolean => {
  const probe = new AsyncLocalStorage<number>();
  let kept: number | undefined;
  callScope.runInAsyncScope(() => {
    probe.enterWith(1);
    callScope.runInAsyncScope(() => probe.enterWith(2));
    kept = probe.getStore();
  });
  return kept === 1 && probe.getStore() === undefined;
})();

/**
 * Runs `body` outside of the current call: calls made inside inherit neither its deadline, nor its cancellation, nor its
 * metadata. For work that must be done although the caller has gone, such as giving back what was reserved.
 */
export function detached<T>(body: () => T): T {
  return storage.exit(body);
}
