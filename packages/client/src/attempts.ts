import type { Code, LocalCall, LocalNode, Metadata, MicroError } from "@micro/core";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { CLIENT_ID, clientError } from "./client-errors.ts";
import { carriesFrames } from "./frames.ts";
import type { AttemptOutcome, Target, TargetRequest } from "./network.ts";

/** Drained nodes that are left behind without counting as attempts. */
const MAX_DRAINED = 10;
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 1000;

/** What may have happened on the way, so that an idempotent call is safe to repeat. */
const REPEATABLE: ReadonlySet<Code> = new Set(["TIMEOUT", "UNAVAILABLE"]);

/** What stays wrong however often a node is asked: it speaks another protocol, or its address or the message is none. */
const LASTING: ReadonlySet<Code> = new Set(["UNIMPLEMENTED", "BAD_REQUEST"]);

/**
 * What an attempt that failed before anything was sent says of its node. One that speaks another protocol, or has an
 * address that cannot be read, is left to clients that can, and costs no attempt: a service may have more of those
 * than a call has attempts.
 */
export function outcomeUnsent(error: MicroError, otherwise: AttemptOutcome): AttemptOutcome {
  if (!error.notSent || !LASTING.has(error.code)) return otherwise;
  return isOfMessage(error) ? "ok" : "draining";
}

/** A message that cannot be written cannot be written for another node either. */
const isOfMessage = ({ code, id }: MicroError): boolean => code === "BAD_REQUEST" && id === CLIENT_ID;

/** A node of this process that takes the call, when calls prefer to stay inside. */
export function localNode(
  { preferLocal, scope }: ClientContext,
  call: ClientCall,
  attempts: Attempts | undefined,
): LocalNode | undefined {
  if (!preferLocal) return undefined;
  const { options, shape } = call;
  const nodes = scope.exchange.nodes(shape.service);
  if (nodes.length === 0 || carriesFrames(call)) return undefined;
  // Calls of one key must go where every other caller sends them.
  if (options?.address !== undefined || options?.key !== undefined) return undefined;
  for (const node of nodes) {
    if (!node.accepting || attempts?.tried(node.id) === true || !node.hasEndpoint(shape.endpoint)) continue;
    if (options === undefined || fits(node, options)) return node;
  }
  return undefined;
}

/** The local node behind a selected one, when calls prefer to stay inside. */
export function localBehind(
  { preferLocal, scope }: ClientContext,
  call: ClientCall,
  target: Target,
): LocalNode | undefined {
  const { options, service, endpoint } = call;
  if (!preferLocal || options?.address !== undefined || carriesFrames(call)) return undefined;
  for (const node of scope.exchange.nodes(service)) {
    if (node.id === target.node.id && node.accepting && node.hasEndpoint(endpoint)) return node;
  }
  return undefined;
}

/** The attempts of one call: which nodes were tried, whether another try is allowed and when. */
export class Attempts {
  readonly #context: ClientContext;
  readonly #call: ClientCall;
  readonly #retries: number;
  #retriesLeft: number;
  #drainedLeft: number;
  #tried: Set<string> | undefined = undefined;
  /** Attempts that have ended. */
  count = 0;

  constructor(context: ClientContext, call: ClientCall) {
    this.#context = context;
    this.#call = call;
    this.#retries = call.options?.retries ?? context.config.poolRetries;
    this.#retriesLeft = this.#retries;
    this.#drainedLeft = this.#retries > 0 ? MAX_DRAINED : 0;
  }

  tried(nodeId: string): boolean {
    return this.#tried?.has(nodeId) ?? false;
  }

  /** Asks the selector, or takes one of the addresses of the call. */
  select(): Target | Promise<Target> {
    const { options, shape } = this.#call;
    if (options === undefined && this.#tried === undefined)
      return this.#context.selector.select(shape.target);
    if (options?.address !== undefined) return this.#addressed(options.address);
    const request: TargetRequest = {
      ...shape.target,
      ...(options?.version === undefined ? {} : { version: options.version }),
      ...(options?.nodeMetadata === undefined ? {} : { metadata: options.nodeMetadata }),
      ...(options?.key === undefined ? {} : { key: options.key }),
      ...(this.#tried === undefined ? {} : { exclude: this.#tried }),
    };
    return this.#context.selector.select(request);
  }

  /** When this attempt must be over: early enough for another one, when one would be allowed. */
  deadline(): number {
    const { deadline, idempotent } = this.#call;
    return idempotent && this.#context.budget.hasSome ? this.connectDeadline() : deadline;
  }

  /** When connecting must be over: a call that was not sent may always be tried elsewhere. */
  connectDeadline(): number {
    const { deadline } = this.#call;
    if (this.#retriesLeft === 0 || deadline === Infinity) return deadline;
    const now = Date.now();
    return now + (deadline - now) / (this.#retriesLeft + 1);
  }

  /** The pause before another attempt, or undefined when `error` is final. Call it once per failed attempt. */
  retryAfter(error: MicroError, nodeId: string, outcome: AttemptOutcome): number | undefined {
    const again = this.tried(nodeId);
    this.#tried ??= new Set();
    this.#tried.add(nodeId);
    const safe = error.notSent || (this.#call.idempotent && REPEATABLE.has(error.code));
    if (isOfMessage(error)) return undefined;
    if (!safe || Date.now() >= this.#call.deadline || this.#call.reason !== undefined) return undefined;
    // One that is asked again is the last one there is.
    if (outcome === "draining" && !again) {
      if (this.#drainedLeft === 0) return undefined;
      this.#drainedLeft--;
      return 0;
    }
    if (LASTING.has(error.code)) return undefined;
    if (this.#retriesLeft === 0 || !this.#context.budget.take()) return undefined;
    const before = this.#retries - this.#retriesLeft;
    this.#retriesLeft--;
    // What no node has seen goes to another one at once. After that it is a crowd that comes back.
    if (before === 0 && error.notSent) return 0;
    return Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** before);
  }

  /** Tells whoever wants to know which node answered or failed. */
  report(node: { readonly id: string; readonly address?: string }, error: Error | undefined): void {
    const attempt = this.count++;
    const { address } = node;
    try {
      this.#call.options?.onAttempt?.({
        nodeId: node.id,
        address: address ?? "local",
        local: address === undefined,
        attempt,
        ...(error === undefined ? {} : { error }),
      });
    } catch (thrown) {
      // The call goes on: its outcome does not depend on who listens.
      this.#context.logger.error("onAttempt of a call has thrown", { error: thrown });
    }
  }

  #addressed(address: string | readonly string[]): Target {
    const all = typeof address === "string" ? [address] : address;
    const untried = all.filter((one) => !this.#tried?.has(one));
    const from = untried.length > 0 ? untried : all;
    const chosen = from[Math.floor(Math.random() * from.length)];
    if (chosen === undefined) {
      throw clientError("BAD_REQUEST", `${this.#call.label}: the list of addresses is empty`, {
        notSent: true,
      });
    }
    const metadata = this.#context.wire.addressMetadata;
    return { node: { id: chosen, address: chosen, metadata }, done: () => undefined };
  }
}

function fits(
  node: LocalNode,
  options: { readonly version?: string; readonly nodeMetadata?: Readonly<Record<string, string>> },
): boolean {
  if (options.version !== undefined && options.version !== node.version) return false;
  return Object.entries(options.nodeMetadata ?? {}).every(([key, value]) => node.metadata[key] === value);
}

/** A call as a node of this process gets it: what it needs of the call is made on first use. */
export class LocalRequest implements LocalCall {
  readonly message: unknown;
  readonly #call: LocalCall;

  constructor(call: LocalCall, message: unknown) {
    this.#call = call;
    this.message = message;
  }

  get kind() {
    return this.#call.kind;
  }

  get endpoint() {
    return this.#call.endpoint;
  }

  get metadata() {
    return this.#call.metadata;
  }

  get deadline() {
    return this.#call.deadline;
  }

  get cancellation() {
    return this.#call.cancellation;
  }

  onReplyHeader(metadata: Metadata): void {
    this.#call.onReplyHeader?.(metadata);
  }

  onReplyTrailer(metadata: Metadata): void {
    this.#call.onReplyTrailer?.(metadata);
  }
}
