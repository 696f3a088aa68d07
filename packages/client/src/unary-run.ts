import { type LocalNode, type LocalSink, MicroError, PENDING } from "@micro/core";
import { Attempts, localBehind, localNode, outcomeUnsent } from "./attempts.ts";
import type { AbortTarget } from "./call-parties.ts";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { CLIENT_ID, cancelled, clientError, isolatedError } from "./client-errors.ts";
import { entryOf } from "./local-way.ts";
import { contentTypeOf, isolateReply, isolateRequest } from "./messages.ts";
import type {
  AttemptOutcome,
  AttemptRequest,
  AttemptSink,
  RunningAttempt,
  Target,
  TargetNode,
} from "./network.ts";

interface Waiter {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Attempts of one unary call, one after the other until a reply, a final error, or the end of the time. It is also what
 * the wire is given, so that an attempt costs no further objects.
 */
export class UnaryRun implements AbortTarget, AttemptSink, AttemptRequest {
  readonly call: ClientCall;
  readonly promise: Promise<unknown>;
  attemptDeadline = Infinity;
  readonly #context: ClientContext;
  /** True when no middleware stands around: the call itself ends with this run. */
  readonly #owns: boolean;
  #resolve!: (reply: unknown) => void;
  #reject!: (error: Error) => void;
  /** Made when an attempt leaves the process, or fails. */
  #attempts: Attempts | undefined = undefined;
  /** Rises with each attempt and at the end: what comes of an earlier one is ignored. */
  #attempt = 0;
  #local: LocalNode | undefined = undefined;
  #target: Target | undefined = undefined;
  #running: RunningAttempt | undefined = undefined;
  #outcome: AttemptOutcome = "ok";
  /** The attempt's middleware, when it waits for the attempt. */
  #middleware: Waiter | undefined = undefined;
  #over = false;
  /** A handler of this process may still run for an attempt that its middleware has left. */
  #leftInside = false;
  /** Another run of the same call that its middleware has begun and not waited for. */
  readonly #before: AbortTarget | undefined;

  constructor(context: ClientContext, call: ClientCall, owns: boolean) {
    this.#context = context;
    this.#owns = owns;
    this.call = call;
    this.#before = call.run?.busy === true ? call.run : undefined;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    call.run = this;
  }

  /** Begins to watch the call. Not to be asked twice for one call, and not where middleware watches it. */
  watch(): this {
    this.call.watch();
    return this;
  }

  /** Makes the first attempt and whatever follows. */
  start(): Promise<unknown> {
    if (this.#owns) this.watch();
    if (this.call.reason === undefined) this.#choose();
    else this.aborted(this.call.reason);
    return this.promise;
  }

  /** Takes over a first attempt that has begun on a node of this process, of a call that is watched. */
  follow(node: LocalNode): this {
    this.#attempt++;
    this.#local = node;
    if (this.call.reason !== undefined) this.aborted(this.call.reason);
    return this;
  }

  get busy(): boolean {
    return !this.#over || this.#leftInside || this.#before?.busy === true;
  }

  get connectDeadline(): number {
    return this.#made.connectDeadline();
  }

  /** The node of the running attempt. */
  get node(): TargetNode {
    // The wire is only asked once a node is chosen.
    return (this.#target as Target).node;
  }

  get contentType(): string {
    return contentTypeOf(this.#context, this.call);
  }

  aborted(reason: Error): void {
    this.#before?.aborted(reason);
    if (this.#over) return;
    const error = cancelled(this.call.label, reason);
    this.#stopAttempt(error, error.code === "TIMEOUT" ? "timeout" : "cancelled");
    this.#closeAttempt(error);
    this.#settle(error, undefined);
  }

  attemptExpired(): void {
    if (this.#over || this.#target === undefined) return;
    const { id, address } = this.node;
    const error = clientError(
      "TIMEOUT",
      `call timeout: node ${id} (${address}) did not answer ${this.call.endpoint} in time`,
    );
    const middleware = this.#middleware !== undefined;
    this.#stopAttempt(error, "timeout");
    // With middleware the error comes back through it.
    if (!middleware) this.#finish(error, undefined);
  }

  /** The wire's word on the running attempt. */
  ended(error: Error | undefined, reply: unknown, outcome: AttemptOutcome): void {
    if (this.#over) return;
    this.#outcome = outcome;
    this.#running = undefined;
    const waiter = this.#middleware;
    if (waiter === undefined) this.#finish(error, reply);
    else {
      this.#middleware = undefined;
      if (error === undefined) waiter.resolve(reply);
      else waiter.reject(error);
    }
  }

  /** Makes the running attempt: what the attempt middleware stands around. Made again, it takes the place of the first. */
  perform(): Promise<unknown> {
    const { label } = this.call;
    if (this.#over || (this.#local ?? this.#target) === undefined) {
      return Promise.reject(clientError("INTERNAL", `${label}: the attempt has ended already`));
    }
    if (this.#middleware !== undefined) {
      const reason = clientError("CANCELLED", `${label}: the middleware has made the attempt again`);
      this.#stopAttempt(reason, "cancelled");
    }
    return new Promise((resolve, reject) => {
      this.#middleware = { resolve, reject };
      this.#launch();
    });
  }

  /** The attempts so far. */
  get #made(): Attempts {
    this.#attempts ??= new Attempts(this.#context, this.call);
    return this.#attempts;
  }

  #choose(): void {
    this.#target = undefined;
    this.#local = localNode(this.#context, this.call, this.#attempts);
    if (this.#local !== undefined) {
      this.#begin();
      return;
    }
    const attempt = ++this.#attempt;
    let target: Target | Promise<Target>;
    try {
      target = this.#select();
    } catch (error) {
      this.#settle(MicroError.from(error, { id: CLIENT_ID }), undefined);
      return;
    }
    if (!(target instanceof Promise)) {
      this.#take(target);
      return;
    }
    target.then(
      (late) => {
        if (attempt === this.#attempt) this.#take(late);
        else late.done("cancelled");
      },
      (error: unknown) => {
        if (attempt === this.#attempt) this.#settle(MicroError.from(error, { id: CLIENT_ID }), undefined);
      },
    );
  }

  #take(target: Target): void {
    this.#target = target;
    this.#local = localBehind(this.#context, this.call, target);
    if (this.#local === undefined) {
      const { call } = this;
      // As long as there was one attempt, and another would not be allowed in any case, nobody counts them.
      const only = this.#attempts === undefined && !call.idempotent;
      this.attemptDeadline = only ? call.deadline : this.#made.deadline();
    }
    this.#begin();
  }

  #select(): Target | Promise<Target> {
    const { options, shape } = this.call;
    if (this.#attempts === undefined && options === undefined) {
      return this.#context.selector.select(shape.target);
    }
    return this.#made.select();
  }

  #begin(): void {
    const { call } = this;
    call.limitAttempt(this.#local === undefined ? this.attemptDeadline : undefined);
    call.beside?.forget();
    this.#outcome = "ok";
    const attempt = ++this.#attempt;
    const { attemptChain } = this.#context;
    if (attemptChain === undefined) {
      this.#launch();
      return;
    }
    attemptChain(call).then(
      (reply) => {
        if (attempt === this.#attempt) this.#finish(undefined, reply);
      },
      (error: Error) => {
        if (attempt === this.#attempt) this.#finish(error, undefined);
      },
    );
  }

  #launch(): void {
    if (this.#local !== undefined) {
      this.#dispatch(this.#local);
      return;
    }
    const attempt = this.#attempt;
    const running = this.#context.wire.call(this, this);
    // The wire may have told the end already, and the next attempt may run.
    if (attempt === this.#attempt) this.#running = running;
  }

  #dispatch(node: LocalNode): void {
    const { call } = this;
    let request: unknown;
    try {
      request = isolateRequest(call.message, call);
    } catch (error) {
      this.ended(MicroError.from(error), undefined, "ok");
      return;
    }
    const waiter = this.#middleware;
    const sink = waiter === undefined ? this : this.#sinkOf(waiter);
    try {
      const reply = entryOf(node, call.endpoint)(call, request, sink);
      if (reply !== PENDING) this.replied(reply);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Middleware may leave an attempt inside the process alone: what comes of it then is nobody's business. */
  #sinkOf(waiter: Waiter): LocalSink {
    return {
      replied: (reply) => {
        if (this.#middleware === waiter) this.replied(reply);
      },
      failed: (error) => {
        if (this.#middleware === waiter) this.failed(error);
      },
    };
  }

  /** The local node's reply. */
  replied(reply: unknown): void {
    if (this.#over) return;
    let own: unknown;
    try {
      own = isolateReply(reply, this.call);
    } catch (error) {
      this.ended(MicroError.from(error), undefined, "ok");
      return;
    }
    this.ended(undefined, own, "ok");
  }

  /** The local node's error. */
  failed(thrown: unknown): void {
    const error = isolatedError(thrown);
    this.ended(error, undefined, error.notSent ? "draining" : "ok");
  }

  /** Ends the running attempt from this side. */
  #stopAttempt(error: MicroError, outcome: AttemptOutcome): void {
    this.#outcome = outcome;
    const running = this.#running;
    this.#running = undefined;
    running?.giveUp(error);
    const waiter = this.#middleware;
    this.#middleware = undefined;
    waiter?.reject(error);
  }

  /** The middleware has not waited for the attempt that it began. */
  #leaveAttempt(thrown: Error | undefined): void {
    const late = MicroError.is(thrown) && thrown.code === "TIMEOUT";
    const reason = clientError(
      "CANCELLED",
      `${this.call.label}: the middleware did not wait for the attempt`,
    );
    this.#stopAttempt(reason, late ? "timeout" : "cancelled");
    if (this.#local !== undefined) this.#leftInside = true;
  }

  /** Tells selector and watcher how the attempt went. */
  #closeAttempt(error: Error | undefined): void {
    const target = this.#target;
    const node = this.#local ?? target?.node;
    this.#target = undefined;
    this.#local = undefined;
    target?.done(this.#outcome);
    if (node !== undefined && this.call.options?.onAttempt !== undefined) this.#made.report(node, error);
  }

  #finish(thrown: Error | undefined, reply: unknown): void {
    if (this.#middleware !== undefined) this.#leaveAttempt(thrown);
    if (thrown === undefined) {
      this.#closeAttempt(undefined);
      this.#settle(undefined, reply);
      return;
    }
    const error = MicroError.from(thrown, { id: CLIENT_ID });
    const id = this.#local?.id ?? this.#target?.node.id;
    this.#outcome = outcomeUnsent(error, this.#outcome);
    this.#closeAttempt(error);
    const pause = id === undefined ? undefined : this.#made.retryAfter(error, id, this.#outcome);
    if (pause === undefined) this.#settle(error, undefined);
    else if (pause === 0) this.#choose();
    else this.#pause(pause);
  }

  #pause(ms: number): void {
    const timer = setTimeout(() => {
      this.#running = undefined;
      this.#choose();
    }, ms);
    this.#running = { giveUp: () => clearTimeout(timer) };
  }

  #settle(error: MicroError | undefined, reply: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#attempt++;
    if (this.#owns) {
      this.call.ended();
      if (this.#leftInside) this.call.leaveRest();
    }
    this.call.beside?.tellEnd();
    if (error === undefined) this.#resolve(reply);
    else this.#refuse(this.call.finalError(error));
  }

  #refuse(error: MicroError): void {
    const turn = this.#context.share.step();
    if (turn === undefined) this.#reject(error);
    else void turn.then(() => this.#reject(error));
  }
}
