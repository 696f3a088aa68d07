import type {
  Contract,
  Lifecycle,
  Metadata,
  MetadataInit,
  Method,
  MethodKind,
  Methods,
  StandardSchema,
} from "@micro/core";

/** How one call is made. */
export interface CallOptions {
  /**
   * For the whole call, all attempts included; no more than what is left of the calling handler's own deadline.
   * @default the client's `pool_request_timeout` (5 s), from when somebody first looks, at the latest a few ms after the
   * call began to wait; none for streams
   */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Added to what the running handler's call forwards. */
  readonly metadata?: MetadataInit;
  /** Attempts after the first. @default the client's `pool_retries` */
  readonly retries?: number;
  /** Overrides what the contract says. */
  readonly idempotent?: boolean;
  /** @default the client's `content_type` */
  readonly contentType?: string;
  /** Calls these `host:port` and asks no registry. */
  readonly address?: string | readonly string[];
  /** Only nodes of this version. */
  readonly version?: string;
  /** Only nodes with these metadata values. */
  readonly nodeMetadata?: Readonly<Record<string, string>>;
  /** Calls with one key go to one node. */
  readonly key?: string;
  /** Told which node answered (or failed) an attempt, `local` for one of this process. What it throws is logged. */
  readonly onAttempt?: (attempt: AttemptInfo) => void;
  /**
   * Told what the handler said beside its reply (`context.replyHeader`), before the first message of a stream or the end of
   * the call is handed out, also before an error. At most once, of the attempt whose outcome the caller gets, and not at
   * all when nothing was said. What it throws is logged.
   */
  readonly onHeader?: (metadata: Metadata) => void;
  /** The same for `context.replyTrailer`, before the end of the call is handed out. */
  readonly onTrailer?: (metadata: Metadata) => void;
}

/** One attempt of a call. */
export interface AttemptInfo {
  readonly nodeId: string;
  readonly address: string;
  /** True when it stayed inside the process. */
  readonly local: boolean;
  /** 0 for the first. */
  readonly attempt: number;
  readonly error?: Error;
}

/** A call without a contract. */
export interface CallRequest {
  readonly service: string;
  /** `Greeter.Hello`. */
  readonly endpoint: string;
  readonly message?: unknown;
  /** Types of the request and the reply, for codecs that need them, such as protobuf. */
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
}

/** A stream without a contract. */
export interface StreamRequest {
  readonly service: string;
  readonly endpoint: string;
  /** @default "bidiStream" */
  readonly kind?: Exclude<MethodKind, "unary">;
  /** The request of a server stream; the requests of the others. */
  readonly message?: unknown;
  /** Types of the requests and the replies, for codecs that need them, such as protobuf. */
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
}

/** How one message is published. */
export interface PublishOptions {
  readonly metadata?: MetadataInit;
  /** @default the client's `content_type` */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
  /** Type of the message, for codecs that need it, such as protobuf. */
  readonly input?: StandardSchema;
}

/** The function that calls a method. Streams are AsyncIterables; leaving a loop cancels the call. */
export type ClientMethod<M extends Method> =
  M extends Method<infer Kind, infer _In, infer Out, infer In, infer _OutInit>
    ? {
        unary: (request: In, options?: CallOptions) => Promise<Out>;
        serverStream: (request: In, options?: CallOptions) => AsyncIterable<Out>;
        clientStream: (requests: AsyncIterable<In> | Iterable<In>, options?: CallOptions) => Promise<Out>;
        bidiStream: (requests: AsyncIterable<In> | Iterable<In>, options?: CallOptions) => AsyncIterable<Out>;
      }[Kind]
    : never;

/** A typed client of a contract. */
export type ContractClient<M extends Methods> = { readonly [K in keyof M]: ClientMethod<M[K]> };

/** Calls services. All errors are MicroErrors; those of the client itself have the id `go.micro.client` (spec 1.11). */
export interface Client extends Lifecycle {
  /** A typed client; `service` overrides the contract's own. The options are defaults of each call. */
  of<M extends Methods>(
    contract: Contract<M>,
    options?: CallOptions & { readonly service?: string },
  ): ContractClient<M>;
  /** One request, one reply, without a contract. */
  call<Out = unknown>(request: CallRequest, options?: CallOptions): Promise<Out>;
  /** A stream without a contract. A client stream gives its one reply. */
  stream<Out = unknown>(request: StreamRequest, options?: CallOptions): AsyncIterable<Out>;
  /** Resolves when the broker has taken the message. Rejects with `PRECONDITION_FAILED` when the service has no broker. */
  publish(topic: string, message: unknown, options?: PublishOptions): Promise<void>;
}
