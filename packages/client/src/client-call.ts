import {
  type Call,
  type CallContext,
  type CallKind,
  Cancellation,
  type Expiring,
  type LocalCall,
  type LocalSink,
  Metadata,
  type MicroError,
  UNWATCHED,
} from "@micro/core";
import { type Beside, besideOf } from "./beside.ts";
import type { AbortTarget, CallOwner } from "./call-parties.ts";
import type { CallShape } from "./call-shape.ts";
import type { CallOptions } from "./client.ts";
import { cancelled, clientError } from "./client-errors.ts";
import type { MessageCodec } from "./network.ts";
import { ownMetadata } from "./own-metadata.ts";

/** Timers of two processes for one deadline do not differ by more. */
const SAME_DEADLINE_MS = 25;

/**
 * One call of a client as middleware sees it, with its deadline and the ways to end it early. It is also what a node of
 * this process is given, so that most calls inside the process need no other object on this side.
 */
export class ClientCall implements Call, Expiring, LocalCall, LocalSink {
  readonly shape: CallShape;
  readonly options: CallOptions | undefined;
  message: unknown;
  /** Where what comes beside the reply is written down; undefined when the caller does not want it. */
  readonly beside: Beside | undefined;
  /** Whoever carries the call out now. */
  run: AbortTarget | undefined = undefined;
  /** Whoever the caller waits for, when middleware stands between. */
  guard: AbortTarget | undefined = undefined;
  slot = UNWATCHED;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  readonly #owner: CallOwner;
  readonly #parent: CallContext | undefined;
  /** What the caller gave. */
  readonly #own: Metadata | undefined;
  #deadline: number | undefined = undefined;
  /** Set while an attempt must end before the call does. */
  #attemptDeadline: number | undefined = undefined;
  /** True when there was no time left from the start. */
  #late = false;
  #reason: Error | undefined = undefined;
  #ended = false;
  #metadata: Metadata | undefined = undefined;
  #cancellation: Cancellation | undefined = undefined;
  #unfollow: (() => void) | undefined = undefined;

  /** Throws a MicroError `BAD_REQUEST` for a negative timeout, and for metadata that no wire carries. */
  constructor(
    owner: CallOwner,
    given: {
      readonly shape: CallShape;
      readonly message: unknown;
      readonly options: CallOptions | undefined;
      readonly parent: CallContext | undefined;
    },
  ) {
    const { shape, options, parent } = given;
    this.#owner = owner;
    this.shape = shape;
    this.options = options;
    this.beside = options === undefined ? undefined : besideOf(options, owner);
    this.message = given.message;
    this.#parent = parent;
    this.#own = options?.metadata === undefined ? undefined : ownMetadata(options.metadata, shape.endpoint);
    // A stream may live long: only an explicit timeout, or the caller's own deadline, ends it.
    const timeoutMs = options?.timeoutMs ?? this.#defaultTimeoutMs;
    if (options?.timeoutMs === undefined && parent === undefined && timeoutMs > 0) return;
    if (!(timeoutMs >= 0)) {
      throw clientError("BAD_REQUEST", `${shape.endpoint}: timeoutMs is ${timeoutMs}, it must be 0 or more`, {
        notSent: true,
      });
    }
    const now = Date.now();
    const own = now + timeoutMs;
    this.#deadline = parent === undefined ? own : Math.min(own, parent.deadline);
    this.#late = this.#deadline <= now;
  }

  get #defaultTimeoutMs(): number {
    return this.shape.kind === "unary" ? this.#owner.timeoutMs : Infinity;
  }

  /** Fixed from the start where somebody named a time. The default begins when it is first asked for: clocks cost time. */
  get deadline(): number {
    this.#deadline ??= Date.now() + this.#defaultTimeoutMs;
    return this.#deadline;
  }

  get side(): "client" {
    return "client";
  }

  get kind(): CallKind {
    return this.shape.kind;
  }

  get service(): string {
    return this.shape.service;
  }

  get endpoint(): string {
    return this.shape.endpoint;
  }

  get idempotent(): boolean {
    return this.options?.idempotent ?? this.shape.idempotent;
  }

  /** What is sent: what the running handler forwards, the call's own, and who calls. Made on first use. */
  get metadata(): Metadata {
    if (this.#metadata === undefined) {
      const metadata = this.#parent?.metadata.forwarded() ?? new Metadata();
      for (const [key, value] of this.#own?.forwarded() ?? []) metadata.setLower(key, value);
      metadata.setLower("micro-from-service", this.#owner.service);
      this.#metadata = metadata;
    }
    return this.#metadata;
  }

  /** Adds the metadata to a header, except `reserved` keys; cheaper than reading `metadata` when nobody else does. */
  writeMetadata(header: Metadata, reserved: ReadonlySet<string>): void {
    if (this.#metadata === undefined && this.#parent === undefined && this.#own === undefined) {
      header.setLower("micro-from-service", this.#owner.service);
      return;
    }
    for (const [key, value] of this.metadata) if (!reserved.has(key)) header.setLower(key, value);
  }

  get cancellation(): Cancellation {
    if (this.#cancellation === undefined) {
      this.#cancellation = new Cancellation();
      if (this.#reason !== undefined) this.#cancellation.abort(this.#reason);
      // Middleware, or a handler of this process that shares it, may cancel the call through it.
      else this.#cancellation.onAbort((reason) => this.abort(reason));
    }
    return this.#cancellation;
  }

  /** What its messages would be written with. */
  get codec(): MessageCodec {
    return this.#owner.codecOf(this.options?.contentType);
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  /** Why it was given up; undefined while it was not. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** `greeter Greeter.Hello`, for error texts. */
  get label(): string {
    return `${this.service} ${this.endpoint}`;
  }

  /** True when no time is left, or whoever asked for it has given up already. */
  get mustNotBegin(): boolean {
    if (this.#late || this.#reason !== undefined) return true;
    return this.options?.signal?.aborted === true || this.#parent?.cancellation.aborted === true;
  }

  /** Begins to watch deadline, signal and the calling handler. */
  watch(): void {
    if (this.#late) {
      this.abort(this.timeoutError());
      return;
    }
    if (this.#deadline === undefined) this.#owner.deadlines.addUnasked(this);
    else this.#owner.deadlines.add(this);
    const signal = this.options?.signal;
    if (this.#parent === undefined && signal === undefined) return;
    const abort = (reason: unknown): void => this.abort(cancelled(this.label, reason));
    const offParent = this.#parent?.cancellation.onAbort(abort);
    if (signal === undefined) {
      this.#unfollow = offParent;
      return;
    }
    const onSignal = (): void => abort(signal.reason);
    if (signal.aborted) onSignal();
    else signal.addEventListener("abort", onSignal, { once: true });
    this.#unfollow = () => {
      offParent?.();
      signal.removeEventListener("abort", onSignal);
    };
    // The parent may have ended it in the middle of this.
    if (this.#ended) this.ended();
  }

  /** It has ended by itself: nothing is watched any more. */
  ended(): void {
    this.#ended = true;
    this.#owner.deadlines.remove(this);
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  /** Ends it early: whoever works on it stops, whoever waits for it gets `reason`. */
  abort(reason: Error): void {
    if (this.#reason !== undefined || this.#ended) return;
    this.#reason = reason;
    this.#cancel(reason);
    this.run?.aborted(reason);
    this.guard?.aborted(reason);
  }

  /** Its middleware has given its result: whatever still runs without anybody who waits for it is stopped. */
  leaveRest(): void {
    const { run } = this;
    if (run?.busy !== true) return;
    const reason = clientError("CANCELLED", `${this.label}: the middleware did not wait for it`);
    this.#cancel(reason);
    run.aborted(reason);
  }

  /** Tells the listeners. Middleware and handlers of this process are among them: what they throw ends nothing else. */
  #cancel(reason: Error): void {
    try {
      this.#cancellation?.abort(reason);
    } catch (error) {
      this.#owner.logger.error(`${this.label}: a listener of the cancelled call has thrown`, { error });
    }
  }

  /** What a node of this process says that took time. */
  replied(reply: unknown): void {
    this.run?.replied?.(reply);
  }

  failed(error: MicroError): void {
    this.run?.failed?.(error);
  }

  /** What a node of this process says beside its reply. */
  onReplyHeader(metadata: Metadata): void {
    this.beside?.header(metadata);
  }

  onReplyTrailer(metadata: Metadata): void {
    this.beside?.trailer(metadata);
  }

  /** `promise`, or a rejection when the call is given up first; `late` gets what comes after that. */
  during<T>(promise: Promise<T>, late?: (value: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let over = false;
      const off = this.cancellation.onAbort((reason) => {
        over = true;
        reject(cancelled(this.label, reason));
      });
      promise.then(
        (value) => {
          if (over) late?.(value);
          else {
            off();
            resolve(value);
          }
        },
        (error: Error) => {
          if (over) return;
          off();
          reject(error);
        },
      );
    });
  }

  /** Watches for the end of an attempt instead of the end of the call; undefined takes that back. */
  limitAttempt(deadline: number | undefined): void {
    const earlier = deadline === this.#deadline ? undefined : deadline;
    if (earlier === this.#attemptDeadline) return;
    this.#owner.deadlines.remove(this);
    this.#attemptDeadline = earlier;
    this.#owner.deadlines.add(this);
  }

  get dueAt(): number {
    return this.#attemptDeadline ?? this.deadline;
  }

  expire(): void {
    if (this.dueAt < this.deadline && Date.now() < this.deadline) {
      const { run } = this;
      this.#attemptDeadline = undefined;
      this.#owner.deadlines.add(this);
      run?.attemptExpired?.();
      return;
    }
    this.abort(this.timeoutError());
  }

  /**
   * The error as the caller gets it. Whoever notices the end of the time first, this side, the server or a call behind
   * it, the caller is told the same.
   */
  finalError(error: MicroError): MicroError {
    const ownTime = error.code === "TIMEOUT" && this.deadline - Date.now() < SAME_DEADLINE_MS;
    if (!ownTime) return error;
    const own = this.timeoutError(error);
    return own.detail === error.detail ? error : own;
  }

  /** `cause` is what the last attempt failed with. */
  timeoutError(cause?: Error): MicroError {
    return clientError("TIMEOUT", `call timeout: ${this.label} had no reply in time`, { cause });
  }
}
