import {
  Deadlines,
  EventLoopShare,
  type LocalCall,
  type LocalEntry,
  type LocalSink,
  type Logger,
  MicroError,
  PENDING,
  runInCall,
} from "@micro/core";
import { Admission } from "./admission.ts";
import { adaptInput, adaptOutput, givesOne, notUnary, takesOne } from "./call-shapes.ts";
import { handlerError } from "./handler-error.ts";
import { checkedInput, HandlerInput, HandlerOutput } from "./handler-streams.ts";
import { isPromise } from "./is-promise.ts";
import type { Route, Routes } from "./routes.ts";
import { runHandler } from "./run-handler.ts";
import { type CallOrigin, type Refusal, ServerCall } from "./server-call.ts";
import { validate } from "./validation.ts";

/** A unary call as a server plugin received it, and how to answer it. Exactly one of `reply` and `fail` is called, once. */
export interface IncomingCall extends CallOrigin {
  reply(value: unknown): void;
  /** `refusal` is set when no handler ran, so that the caller may go to another node. */
  fail(error: MicroError, refusal?: Refusal): void;
  /** Calls `listener` when the caller has gone. Only asked of calls that take time. */
  onAbort(listener: (reason: Error) => void): void;
}

/** A stream that runs. */
export interface ServerStream {
  /** Cancel it when the peer has gone; it is cancelled when the deadline passes. */
  readonly call: ServerCall;
  /** The reply of a client stream, or an AsyncIterable of replies that must be read to its end or left. */
  readonly result: Promise<unknown>;
}

/** What a {@link Dispatcher} is made of. */
export interface DispatcherOptions {
  readonly service: string;
  readonly routes: Routes;
  readonly maxConcurrent: number;
  readonly logger: Logger;
}

/** Runs calls: limits, validation, context, middleware, handler, deadline, errors. The same for every wire. */
export class Dispatcher {
  readonly #service: string;
  readonly #routes: Routes;
  readonly #logger: Logger;
  readonly #admission: Admission;
  readonly #deadlines = new Deadlines();
  /** Of the calls of this process, for which nobody ever waits for a socket. */
  readonly #share = new EventLoopShare();

  constructor(options: DispatcherOptions) {
    this.#service = options.service;
    this.#routes = options.routes;
    this.#logger = options.logger;
    this.#admission = new Admission(options);
  }

  /** Calls, streams and events whose handler has not ended yet. */
  get active(): number {
    return this.#admission.active;
  }

  /** The route of an endpoint, or why there is none (spec 1.11). */
  route(endpoint: string): Route | MicroError {
    return this.#routes.find(endpoint) ?? this.#routes.unknown(endpoint);
  }

  /** All routes, in the order of the definition. */
  get routes(): Iterable<Route> {
    return this.#routes.all;
  }

  hasEndpoint(endpoint: string): boolean {
    return this.#routes.find(endpoint) !== undefined;
  }

  /** Why nothing new is taken now; undefined when a call may start. To be asked once per call. */
  refusal(): Refusal | undefined {
    return this.#admission.refusal();
  }

  /** The error a refused caller gets. */
  refusalError(refusal: Refusal): MicroError {
    return this.#admission.refusalError(refusal);
  }

  /** Runs a unary call. A handler that gives no promise is answered before this returns. */
  unary(route: Route, incoming: IncomingCall, message: unknown): void {
    const refusal = this.refusal();
    if (refusal !== undefined) {
      incoming.fail(this.refusalError(refusal), refusal);
      return;
    }
    const call = new ServerCall(route, incoming, message, this.#logger);
    let result: unknown;
    try {
      result = this.#begin(call);
    } catch (error) {
      incoming.fail(error as MicroError);
      return;
    }
    if (isPromise(result)) this.#answerLater(call, incoming, result);
    else {
      this.#over(call);
      incoming.reply(result);
    }
  }

  /** Starts a stream: `input` is the request, or an AsyncIterable of requests. Ask `refusal` first. */
  stream(route: Route, origin: CallOrigin | LocalCall, input: unknown): ServerStream {
    const call = new ServerCall(route, origin, input, this.#logger);
    this.#admission.began();
    this.#deadlines.add(call);
    return { call, result: this.#runStream(call) };
  }

  /** Runs a call of this process. The caller enforces the deadline and isolates the messages. */
  local(local: LocalCall): Promise<unknown> {
    if (local.kind !== "unary") return this.#localStream(local);
    return new Promise((replied, failed) => {
      const route = this.#routes.find(local.endpoint);
      if (route?.kind !== "unary") throw this.#whyNot(local, route, this.refusal());
      const reply = this.#enter(route, local, local.message, { replied, failed });
      if (reply !== PENDING) replied(reply);
    });
  }

  /** The same for the unary calls of one endpoint; undefined when there is no such endpoint, or it is a stream. */
  entry(endpoint: string): LocalEntry | undefined {
    const route = this.#routes.find(endpoint);
    if (route?.kind !== "unary") return undefined;
    return (local, message, sink) => this.#enter(route, local, message, sink);
  }

  /** Now and then a call begins after a turn of the event loop, so that a loop of calls leaves the others theirs. */
  #enter(route: Route, local: LocalCall, message: unknown, sink: LocalSink): unknown {
    const turn = this.#share.step();
    if (turn === undefined) return this.#run(route, local, message, sink);
    // The handler waits, not its answer: that is the handler's own object, and must be copied before anybody changes it.
    void turn.then(() => {
      let reply: unknown;
      try {
        checkWanted(local);
        reply = this.#run(route, local, message, sink);
      } catch (error) {
        sink.failed(error as MicroError);
        return;
      }
      if (reply !== PENDING) sink.replied(reply);
    });
    return PENDING;
  }

  #run(route: Route, local: LocalCall, message: unknown, sink: LocalSink): unknown {
    const refusal = this.refusal();
    if (refusal !== undefined) throw this.refusalError(refusal);
    const call = new ServerCall(route, local, message, this.#logger);
    const result = this.#begin(call);
    if (isPromise(result)) return this.#tellLater(call, result, sink);
    this.#over(call);
    return result;
  }

  #tellLater(call: ServerCall, result: PromiseLike<unknown>, sink: LocalSink): typeof PENDING {
    this.#deadlines.add(call);
    result.then(
      (value) => {
        this.#ended(call);
        sink.replied(value);
      },
      (error: unknown) => {
        this.#ended(call);
        sink.failed(handlerError(error, call, this.#service));
      },
    );
    return PENDING;
  }

  /** The handler's result, or a promise of it. Throws a MicroError, and then the call has ended. */
  #begin(call: ServerCall): unknown {
    this.#admission.began();
    try {
      return runHandler(call);
    } catch (error) {
      this.#over(call);
      throw handlerError(error, call, this.#service);
    }
  }

  #whyNot(local: LocalCall, route: Route | undefined, refusal: Refusal | undefined): MicroError {
    if (route === undefined) return this.#routes.unknown(local.endpoint);
    if (refusal !== undefined) return this.refusalError(refusal);
    return notUnary(route);
  }

  async #localStream(local: LocalCall): Promise<unknown> {
    // A stream shares the event loop while it lasts; short ones may follow each other without end.
    const turn = this.#share.step();
    if (turn !== undefined) await turn;
    checkWanted(local);
    const route = this.#routes.find(local.endpoint);
    const refusal = this.refusal();
    if (route === undefined || refusal !== undefined) throw this.#whyNot(local, route, refusal);
    const input = await adaptInput(route.kind, local);
    return adaptOutput(route, local.kind, await this.stream(route, local, input).result);
  }

  /** Runs a subscriber. Rejects with what the handler threw, as a MicroError. */
  async event(route: Route, origin: CallOrigin, message: unknown): Promise<void> {
    const call = new ServerCall(route, origin, message, this.#logger);
    this.#admission.began();
    this.#deadlines.add(call);
    try {
      await runHandler(call);
    } catch (error) {
      throw MicroError.from(error, { id: this.#service });
    } finally {
      this.#ended(call);
    }
  }

  /** From now on everything new is refused. */
  drain(): void {
    this.#admission.drain();
  }

  /** True when nothing runs any more, false when something still does after `timeoutMs`. */
  idle(timeoutMs: number): Promise<boolean> {
    return this.#admission.idle(timeoutMs);
  }

  /**
   * Resolves when nobody has asked for anything for `quietMs`, or after `timeoutMs`: callers that were told to go
   * elsewhere have calls on their way that want a refusal, not a closed door.
   */
  quiet(quietMs: number, timeoutMs: number): Promise<void> {
    return this.#admission.quiet(quietMs, timeoutMs);
  }

  /** Cancels everything that runs; its callers are told at once. */
  cancelAll(reason: MicroError): void {
    for (const entry of this.#deadlines.all()) (entry as ServerCall).giveUp(reason);
  }

  #answerLater(call: ServerCall, incoming: IncomingCall, result: PromiseLike<unknown>): void {
    call.onGiveUp = (error) => {
      if (call.answered) return;
      call.answered = true;
      // The handler is told first: it may be what the caller's next call waits for.
      call.cancel(error);
      incoming.fail(error);
    };
    this.#deadlines.add(call);
    incoming.onAbort((reason) => {
      if (call.answered) return;
      call.answered = true;
      call.cancel(reason);
    });
    result.then(
      (value) => {
        this.#ended(call);
        if (call.answered) return;
        call.answered = true;
        incoming.reply(value);
      },
      (error: unknown) => {
        this.#ended(call);
        const failure = handlerError(error, call, this.#service);
        if (call.answered) return;
        call.answered = true;
        incoming.fail(failure);
      },
    );
  }

  async #runStream(call: ServerCall): Promise<unknown> {
    const { kind, input, output, endpoint } = call.route;
    try {
      const subject = { id: this.#service, code: "BAD_REQUEST", what: `request of ${endpoint}` } as const;
      if (input !== undefined) {
        call.message = takesOne(kind)
          ? await validate(input, call.message, subject)
          : checkedInput(call.message as AsyncIterable<unknown>, input, subject);
      } else if (!takesOne(kind)) call.message = new HandlerInput(call.message as AsyncIterable<unknown>);
      const result = await runInCall(call, call.route.run);
      if (givesOne(kind)) {
        const what = { id: this.#service, code: "INTERNAL", what: `reply of ${endpoint}` } as const;
        const reply = output === undefined ? result : await validate(output, result, what);
        this.#ended(call);
        return reply;
      }
      return new HandlerOutput(call, result, {
        ended: () => this.#ended(call),
        errorOf: (error) => handlerError(error, call, this.#service),
      });
    } catch (error) {
      this.#ended(call);
      throw handlerError(error, call, this.#service);
    }
  }

  #ended(call: ServerCall): void {
    this.#deadlines.remove(call);
    this.#over(call);
  }

  /** The end of a call that is not watched. */
  #over(call: ServerCall): void {
    call.tellEnd();
    this.#admission.ended();
  }
}

/** Throws when the caller has given up before the handler could begin. */
function checkWanted({ cancellation: { reason } }: LocalCall): void {
  if (reason !== undefined) throw MicroError.from(reason, { code: "CANCELLED" });
}
