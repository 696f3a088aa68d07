import { randomUUID } from "node:crypto";
import {
  type Call,
  type Contract,
  compose,
  contractTypeName,
  currentCall,
  Deadlines,
  EventLoopShare,
  endpointName,
  type Invoke,
  Metadata,
  type MethodKind,
  type Methods,
  MicroError,
  type Middleware,
  type StandardSchema,
} from "@micro/core";
import type { CallShape } from "./call-shape.ts";
import type {
  CallOptions,
  CallRequest,
  Client,
  ContractClient,
  PublishOptions,
  StreamRequest,
} from "./client.ts";
import { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { CLIENT_ID, cancelled, clientError } from "./client-errors.ts";
import { DEFAULT_CONTENT_TYPE } from "./messages.ts";
import type { ClientCoreOptions } from "./network.ts";
import { ReplyStream } from "./reply-stream.ts";
import { RetryBudget } from "./retry-budget.ts";
import { runUnary } from "./run-unary.ts";
import { runStream } from "./stream-run.ts";
import { UnaryRun } from "./unary-run.ts";

/** A client over any wire: contracts, middleware, deadlines, retries, streams and the way inside the process are the same for all of them. */
export function createClient(options: ClientCoreOptions): Client {
  return new CoreClient(options);
}

class CoreClient implements Client {
  readonly #options: ClientCoreOptions;
  readonly #context: ClientContext;
  readonly #chain: Invoke<Call> | undefined;
  readonly #clients = new WeakMap<Contract, unknown>();
  #stopped = false;

  constructor(options: ClientCoreOptions) {
    this.#options = options;
    const { scope, config, selector, wire, logger } = options;
    const { client, attempt } = scope.middleware;
    this.#context = {
      scope,
      exchange: scope.exchange,
      config,
      selector,
      preferLocal: selector.preferLocal ?? true,
      wire,
      logger,
      service: scope.name,
      timeoutMs: config.poolRequestTimeout,
      codecOf: (contentType = config.contentType ?? DEFAULT_CONTENT_TYPE) => options.codecs.get(contentType),
      deadlines: new Deadlines(),
      budget: new RetryBudget(config.retryBurst),
      share: new EventLoopShare(),
      attemptChain: chainOf(attempt, (call) => performOf(ownCall(call))),
    };
    this.#chain = chainOf(client, (call) => this.#carryOut(ownCall(call)));
  }

  of<M extends Methods>(
    contract: Contract<M>,
    options?: CallOptions & { readonly service?: string },
  ): ContractClient<M> {
    const known = options === undefined ? this.#clients.get(contract) : undefined;
    if (known !== undefined) return known as ContractClient<M>;
    const { service = contract.service, ...defaults } = options ?? {};
    const common = options === undefined ? undefined : defaults;
    // Without its `.proto` file a contract has no full name that other servers would know.
    const typeName = contract.file === undefined ? undefined : contractTypeName(contract);
    const methods = Object.entries(contract.methods).map(([key, method]) => {
      const shape = shapeOf({ ...method, service, endpoint: endpointName(contract, key), typeName });
      return [key, this.#method(shape, common)] as const;
    });
    // Each method was made for its own kind.
    const made = Object.freeze(Object.fromEntries(methods)) as unknown as ContractClient<M>;
    if (options === undefined) this.#clients.set(contract, made);
    return made;
  }

  call<Out = unknown>(request: CallRequest, options?: CallOptions): Promise<Out> {
    const { service, endpoint, message, input, output } = request;
    const shape = shapeOf({ kind: "unary", service, endpoint, idempotent: false, input, output });
    // Without a contract the type is what the caller says.
    return this.#unary(shape, message, options) as Promise<Out>;
  }

  stream<Out = unknown>(request: StreamRequest, options?: CallOptions): AsyncIterable<Out> {
    const { service, endpoint, kind = "bidiStream", message, input, output } = request;
    const shape = shapeOf({ kind, service, endpoint, idempotent: false, input, output });
    if (kind !== "clientStream") return this.#replies(shape, message, options) as AsyncIterable<Out>;
    const reply = () => this.#clientStream(shape, message, options) as Promise<Out>;
    return {
      async *[Symbol.asyncIterator]() {
        yield await reply();
      },
    };
  }

  async publish(topic: string, message: unknown, options: PublishOptions = {}): Promise<void> {
    const target = { service: this.#context.service, endpoint: topic };
    const types = { input: options.input, output: undefined, typeName: undefined };
    const shape = { kind: "event", idempotent: false, ...types, ...target, target } as const;
    const timeoutMs = options.timeoutMs ?? PUBLISH_TIMEOUT_MS;
    const call = this.#newCall(shape, message, { ...options, timeoutMs });
    await this.#guarded(call, this.#chain ?? ((it) => this.#carryOut(ownCall(it))));
  }

  /** Calls that still run are cancelled. */
  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    const reason = clientError("CANCELLED", "the client has stopped");
    for (const entry of this.#context.deadlines.all()) (entry as ClientCall).abort(reason);
    await this.#options.wire.close({ graceMs });
  }

  #method(shape: CallShape, common: CallOptions | undefined): unknown {
    const merged = (own: CallOptions | undefined): CallOptions | undefined =>
      common === undefined ? own : mergeOptions(common, own);
    switch (shape.kind) {
      case "unary":
        return (request: unknown, options?: CallOptions) => this.#unary(shape, request, merged(options));
      case "clientStream":
        return (requests: unknown, options?: CallOptions) =>
          this.#clientStream(shape, requests, merged(options));
      default:
        return (message: unknown, options?: CallOptions) => this.#replies(shape, message, merged(options));
    }
  }

  #unary(shape: CallShape, message: unknown, options: CallOptions | undefined): Promise<unknown> {
    let call: ClientCall;
    try {
      call = this.#newCall(shape, message, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    this.#context.budget.earn();
    return this.#chain === undefined ? runUnary(this.#context, call) : this.#guarded(call, this.#chain);
  }

  async #clientStream(
    shape: CallShape,
    requests: unknown,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    const call = this.#newCall(shape, requests, options);
    return this.#guarded(call, this.#chain ?? ((it) => this.#carryOut(ownCall(it))));
  }

  #replies(shape: CallShape, message: unknown, options: CallOptions | undefined): AsyncIterable<unknown> {
    const call = this.#newCall(shape, message, options);
    return new ReplyStream(call, this.#chain ?? ((it) => this.#carryOut(it)));
  }

  #newCall(shape: CallShape, message: unknown, options: CallOptions | undefined): ClientCall {
    if (this.#stopped) {
      throw clientError("PRECONDITION_FAILED", `${shape.endpoint}: the client has stopped`, {
        notSent: true,
      });
    }
    return new ClientCall(this.#context, { shape, message, options, parent: currentCall() });
  }

  /**
   * Runs a call through middleware: whatever that does, the caller waits no longer than the call lasts, and nothing of the
   * call outlives it.
   */
  #guarded(call: ClientCall, chain: Invoke<Call>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const over = (error: unknown): void => {
        call.ended();
        call.leaveRest();
        reject(MicroError.from(error, { id: CLIENT_ID }));
      };
      call.guard = { aborted: (reason) => over(cancelled(call.label, reason)) };
      call.watch();
      if (call.reason !== undefined) return;
      chain(call).then((reply) => {
        call.ended();
        call.leaveRest();
        resolve(reply);
      }, over);
    });
  }

  /** What stands inside the client middleware. */
  #carryOut(call: ClientCall): Promise<unknown> {
    if (call.kind === "unary") return new UnaryRun(this.#context, call, false).start();
    return call.kind === "event" ? this.#publish(call) : runStream(this.#context, call);
  }

  /** Headers of a published message: spec 5.2. */
  async #publish(call: ClientCall): Promise<void> {
    const { broker, codecs, config, scope } = this.#options;
    if (broker === undefined) {
      throw clientError(
        "PRECONDITION_FAILED",
        `service '${scope.name}' publishes to '${call.endpoint}' but has no broker: list a broker plugin, or switch it on (broker.enabled)`,
        { notSent: true },
      );
    }
    const contentType = call.options?.contentType ?? config.contentType ?? DEFAULT_CONTENT_TYPE;
    const body = codecs.get(contentType).encode(call.message, call.shape.input);
    const header = new Metadata(call.metadata);
    header.setLower("content-type", contentType);
    header.setLower("micro-topic", call.endpoint);
    header.setLower("micro-id", randomUUID());
    const timeoutMs = Math.max(1, call.deadline - Date.now());
    await broker.publish(call.endpoint, { header, body }, { signal: call.signal, timeoutMs });
  }
}

const PUBLISH_TIMEOUT_MS = 5000;

/** `middleware` around `invoke`, undefined without any. What it throws at once is a rejection, what it returns at once a reply. */
function chainOf(middleware: readonly Middleware<Call>[], invoke: Invoke<Call>): Invoke<Call> | undefined {
  if (middleware.length === 0) return undefined;
  const chain = compose(middleware, invoke);
  return async (call) => chain(call);
}

function shapeOf({
  kind,
  service,
  endpoint,
  idempotent,
  input,
  output,
  typeName,
}: {
  readonly kind: MethodKind;
  readonly service: string;
  readonly endpoint: string;
  readonly idempotent: boolean;
  readonly input?: StandardSchema | undefined;
  readonly output?: StandardSchema | undefined;
  readonly typeName?: string | undefined;
}): CallShape {
  return { kind, service, endpoint, idempotent, input, output, typeName, target: { service, endpoint } };
}

function mergeOptions(common: CallOptions, own: CallOptions | undefined): CallOptions {
  if (own === undefined) return common;
  const metadata =
    common.metadata === undefined || own.metadata === undefined
      ? {}
      : { metadata: [...new Metadata(common.metadata), ...new Metadata(own.metadata)] };
  return { ...common, ...own, ...metadata };
}

/** The call that middleware handed on: it carries more than its type says, so it must be the same one. */
function ownCall(call: Call): ClientCall {
  if (call instanceof ClientCall) return call;
  throw clientError(
    "INTERNAL",
    "client middleware must hand on the call it was given; it may change its message and metadata",
  );
}

function performOf(call: ClientCall): Promise<unknown> {
  const { run } = call;
  if (run?.perform !== undefined) return run.perform();
  return Promise.reject(clientError("INTERNAL", `${call.label}: the attempt has ended already`));
}
