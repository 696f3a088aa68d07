import { AsyncLocalStorage } from "node:async_hooks";
import { EventLoopShare, MicroError } from "@micro/core";
import type { ClientCall } from "./client-call.ts";
import { CLIENT_ID, cancelled, clientError } from "./client-errors.ts";
import { isolateRequest } from "./messages.ts";
import type { NetworkStream } from "./network.ts";

/** The end of an iteration. */
export const DONE = { done: true, value: undefined } as const;

type Step = IteratorResult<unknown, undefined>;

/** Where a {@link MessageReader} reads from. */
export interface ReplySource {
  next(): Promise<Step>;
  /** Nobody reads on; called at most once. */
  leave(reason: Error): void;
  /** Called once, when it is over: with an error, at its end, or because the reader left. */
  ended(error: Error | undefined): void;
}

/** The replies of a stream, one reader, over at once when the call is given up. */
export class MessageReader implements AsyncIterableIterator<unknown, undefined> {
  readonly #call: ClientCall;
  readonly #source: ReplySource;
  readonly #unfollow: () => void;
  readonly #share = new EventLoopShare();
  #first: Step | undefined;
  #over = false;
  #error: Error | undefined = undefined;
  #waiting: ((error: Error) => void) | undefined = undefined;

  /** `first` was read already. */
  constructor(call: ClientCall, source: ReplySource, first?: Step) {
    this.#call = call;
    this.#source = source;
    this.#first = first;
    this.#unfollow = call.cancellation.onAbort((reason) => this.#aborted(reason));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(DONE);
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      if (first.done === true) this.#end(undefined);
      else this.#call.beside?.tellHeader();
      return Promise.resolve(first);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = reject;
      this.#read().then(
        (step) => {
          this.#waiting = undefined;
          if (this.#over) return;
          if (step.done === true) this.#end(undefined);
          else this.#call.beside?.tellHeader();
          resolve(step);
        },
        (thrown: unknown) => {
          this.#waiting = undefined;
          if (this.#over) return;
          const failure = this.#call.finalError(MicroError.from(thrown, { id: CLIENT_ID }));
          this.#end(failure);
          reject(failure);
        },
      );
    });
  }

  return(): Promise<Step> {
    if (!this.#over) {
      const reason = clientError("CANCELLED", `${this.#call.label}: the reader left the stream`);
      this.#source.leave(reason);
      this.#end(reason);
    }
    return Promise.resolve(DONE);
  }

  #read(): Promise<Step> {
    const turn = this.#share.step();
    return turn === undefined ? this.#source.next() : turn.then(() => this.#source.next());
  }

  #aborted(reason: Error): void {
    if (this.#over) return;
    const error = cancelled(this.#call.label, reason);
    this.#source.leave(error);
    this.#end(error);
    const waiting = this.#waiting;
    if (waiting === undefined) this.#error = error;
    else waiting(error);
  }

  #end(error: Error | undefined): void {
    this.#over = true;
    this.#unfollow();
    this.#call.beside?.tellEnd();
    this.#source.ended(error);
  }
}

/** The requests of a stream, read from the caller's iterable in the caller's own context. */
export class Requests {
  readonly #call: ClientCall;
  readonly #source: AsyncIterator<unknown> | Iterator<unknown>;
  readonly #inCaller = AsyncLocalStorage.snapshot();
  readonly #share = new EventLoopShare();
  #started = false;
  #over = false;

  /** Throws a MicroError `BAD_REQUEST` when the call's message is no iterable. */
  constructor(call: ClientCall) {
    this.#call = call;
    const given = call.message as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
    const source =
      typeof given === "object"
        ? (given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.())
        : undefined;
    if (source === undefined) {
      throw clientError(
        "BAD_REQUEST",
        `${call.label}: the requests must be an AsyncIterable or an Iterable`,
        {
          notSent: true,
        },
      );
    }
    this.#source = source;
  }

  /** True when one was read: it cannot be read again for another attempt. */
  get started(): boolean {
    return this.#started;
  }

  /** What a handler of this process reads. Its reads end when the call is given up. */
  isolated(): AsyncIterableIterator<unknown, undefined> {
    const next = async (): Promise<Step> => {
      if (this.#over) return DONE;
      const step = await this.#call.during(this.#read());
      return step.done === true ? DONE : { done: false, value: isolateRequest(step.value, this.#call) };
    };
    const leave = (): Promise<Step> => {
      this.stop();
      return Promise.resolve(DONE);
    };
    const iterator = { next, return: leave, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** Sends everything as fast as the stream takes it; ends with the iterable, or with `stop`. */
  async pumpInto(stream: NetworkStream): Promise<void> {
    for (;;) {
      let step: Step;
      try {
        step = await this.#read();
      } catch {
        // The call was given up for it.
        return;
      }
      if (this.#over && step.done !== true) return;
      try {
        if (step.done === true) {
          stream.closeSend();
          return;
        }
        await stream.send(step.value);
      } catch (error) {
        // A broken stream is what the reader of the replies is told; a request that cannot be encoded is not.
        if (MicroError.is(error) && error.code === "UNAVAILABLE") this.stop();
        else this.#call.abort(MicroError.from(error, { id: CLIENT_ID }));
        return;
      }
    }
  }

  /** Reads no more; the caller's iterable is told. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    const ended = async (): Promise<void> => void (await this.#inCaller(() => this.#source.return?.()));
    // What the caller's own clean-up throws has nobody to go to: the call has its result already.
    ended().catch(() => undefined);
  }

  async #read(): Promise<Step> {
    this.#started = true;
    let step: IteratorResult<unknown>;
    try {
      const turn = this.#share.step();
      if (turn !== undefined) {
        await turn;
        // Told to stop meanwhile: the iterable has been left, and is not asked again.
        if (this.#over) return DONE;
      }
      step = await this.#inCaller(() => this.#source.next());
    } catch (cause) {
      const detail = `${this.#call.label}: the requests failed: ${MicroError.from(cause).detail}`;
      const error = clientError("CANCELLED", detail, { cause });
      if (!this.#over) this.#call.abort(error);
      this.#over = true;
      throw error;
    }
    if (step.done !== true) return { done: false, value: step.value };
    // Its own end needs no `return`.
    this.#over = true;
    return DONE;
  }
}
