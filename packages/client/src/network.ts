import type { Logger, Metadata, ServiceScope, StandardSchema } from "@micro/core";
import type { CallShape } from "./call-shape.ts";
import type { ClientCall } from "./client-call.ts";

/** A node as registries describe it (spec 3.1). */
export interface TargetNode {
  readonly id: string;
  readonly address: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How an attempt ended, for the selector's judgement of the node; see `Outcome` of `@micro/selector`. */
export type AttemptOutcome = "ok" | "draining" | "unreachable" | "timeout" | "cancelled";

/** What a selector is asked. */
export interface TargetRequest {
  readonly service: string;
  readonly endpoint?: string;
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly exclude?: ReadonlySet<string>;
}

/** A chosen node. */
export interface Target {
  readonly node: TargetNode;
  done(outcome: AttemptOutcome): void;
}

/** The part of a selector that a client needs. */
export interface TargetSelector {
  /** False when calls to a service of this process use the network all the same. @default true */
  readonly preferLocal?: boolean;
  select(request: TargetRequest): Target | Promise<Target>;
}

/** One attempt, as the wire sees it. */
export interface AttemptRequest {
  readonly call: ClientCall;
  readonly node: TargetNode;
  readonly contentType: string;
  /** When the attempt is over, in ms since the epoch; `Infinity` for never. */
  readonly attemptDeadline: number;
  /** When connecting is over, so that another node can still be tried; `Infinity` for never. */
  readonly connectDeadline: number;
}

/** Who is told how a unary attempt ended: exactly once, unless it was given up. */
export interface AttemptSink {
  ended(error: Error | undefined, reply: unknown, outcome: AttemptOutcome): void;
}

/** A running attempt. */
export interface RunningAttempt {
  /** Nobody waits for the reply any more; the sink is not told. */
  giveUp(reason: Error): void;
}

/** A stream to a node, in messages. */
export interface NetworkStream {
  /** Undefined when more may be sent at once, else a promise for room. Throws or rejects when the stream is broken. */
  send(message: unknown): Promise<void> | undefined;
  /** No more requests. */
  closeSend(): void;
  /** The replies. Rejects with a MicroError; `notSent` when the node refused to run the handler. */
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** Ends it both ways; the peer is told. Idempotent. */
  abort(reason: Error): void;
  /** How it went so far. */
  readonly outcome: AttemptOutcome;
}

/** The wire of a client: what differs between technologies. */
export interface ClientWire {
  /** Metadata of nodes that were given by address (spec 1.14). */
  readonly addressMetadata: Readonly<Record<string, string>>;
  /** What suits a method when neither the call nor the configuration names a content type. @default "application/json" */
  contentTypeOf?(shape: CallShape): string;
  /** Starts a unary attempt. The sink may be told inside this call. */
  call(request: AttemptRequest, sink: AttemptSink): RunningAttempt;
  /** Opens a stream and sends no request yet. Rejects with a MicroError. */
  open(request: AttemptRequest): Promise<NetworkStream>;
  /** Gives the connections back. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** The part of a broker that a client needs. */
export interface PublishTarget {
  publish(
    topic: string,
    message: { readonly header: Metadata; readonly body: Uint8Array },
    options: { readonly signal?: AbortSignal; readonly timeoutMs: number },
  ): Promise<void>;
}

/** The part of a codec that a client needs. */
export interface MessageCodec {
  /** True when message types decide what its bytes mean. */
  readonly typed?: boolean;
  encode(value: unknown, schema?: StandardSchema): Uint8Array;
  decode(bytes: Uint8Array, schema?: StandardSchema): unknown;
}

/** The part of the codecs that a client needs. */
export interface MessageCodecs {
  /** Throws a MicroError for a content type that it does not know. */
  get(contentType: string): MessageCodec;
}

/** The options of the client component that the common part uses. */
export interface ClientConfig {
  readonly contentType: string | undefined;
  readonly poolRequestTimeout: number;
  readonly poolRetries: number;
  readonly retryBurst: number;
}

/** What `createClient` is given. */
export interface ClientCoreOptions {
  readonly scope: ServiceScope;
  readonly config: ClientConfig;
  readonly selector: TargetSelector;
  readonly codecs: MessageCodecs;
  readonly broker: PublishTarget | undefined;
  readonly logger: Logger;
  readonly wire: ClientWire;
}
