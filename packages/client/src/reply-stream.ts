import { MicroError } from "@micro/core";
import type { ClientCall } from "./client-call.ts";
import { CLIENT_ID, cancelled, clientError } from "./client-errors.ts";
import { DONE } from "./stream-messages.ts";

type Step = IteratorResult<unknown, undefined>;

/**
 * What a caller of a stream iterates. The call begins with the first read; leaving the loop cancels it. Whatever its
 * middleware does, nobody waits longer than the call lasts. Reads may be asked for at once: they are answered in turn.
 */
export class ReplyStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #call: ClientCall;
  readonly #start: (call: ClientCall) => Promise<unknown>;
  #opening: Promise<AsyncIterator<unknown>> | undefined = undefined;
  #replies: AsyncIterator<unknown> | undefined = undefined;
  #reading: Promise<Step> | undefined = undefined;
  /** Ends the running read. */
  #fail: ((error: Error) => void) | undefined = undefined;
  /** What the next read is told. */
  #error: Error | undefined = undefined;
  #over = false;

  constructor(call: ClientCall, start: (call: ClientCall) => Promise<unknown>) {
    this.#call = call;
    this.#start = start;
    call.guard = { aborted: (reason) => this.#aborted(reason) };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#reading !== undefined) {
      const again = (): Promise<Step> => this.next();
      return this.#reading.then(again, again);
    }
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(DONE);
    const reading = new Promise<Step>((resolve, reject) => {
      this.#fail = reject;
      this.#read().then(resolve, reject);
    });
    this.#reading = reading;
    return reading;
  }

  async return(): Promise<Step> {
    if (this.#over) return DONE;
    this.#over = true;
    if (this.#opening === undefined) return DONE;
    // The reader of the wire (or of the handler) sees it first, then the middleware around it unwinds.
    this.#call.abort(clientError("CANCELLED", `${this.#call.label}: the reader left the stream`));
    this.#call.ended();
    try {
      await this.#replies?.return?.();
    } catch {
      // The call was given up: what comes of it has no reader any more.
    }
    return DONE;
  }

  async #read(): Promise<Step> {
    try {
      this.#opening ??= this.#open();
      const replies = this.#replies ?? (await this.#opening);
      const step = await replies.next();
      if (this.#over) return await leave(replies);
      this.#settled();
      if (step.done !== true) return { done: false, value: step.value };
      this.#end();
      return DONE;
    } catch (error) {
      if (!this.#over) this.#settled();
      this.#end();
      throw MicroError.from(error, { id: CLIENT_ID });
    }
  }

  async #open(): Promise<AsyncIterator<unknown>> {
    this.#call.watch();
    const result = (await this.#start(this.#call)) as Partial<AsyncIterable<unknown>> | null | undefined;
    const replies = result?.[Symbol.asyncIterator]?.();
    if (replies === undefined) {
      throw clientError("INTERNAL", `${this.#call.label}: the middleware must give an AsyncIterable`);
    }
    this.#replies = replies;
    return replies;
  }

  #aborted(reason: Error): void {
    const error = cancelled(this.#call.label, reason);
    const fail = this.#fail;
    this.#settled();
    if (fail !== undefined) fail(error);
    else if (!this.#over) {
      this.#error = error;
      // The middleware around the replies sees the end too, whether the caller reads on or not.
      if (this.#replies !== undefined) this.#read().catch(() => undefined);
    }
    this.#over = true;
    this.#call.ended();
  }

  #settled(): void {
    this.#reading = undefined;
    this.#fail = undefined;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call.ended();
    this.#call.leaveRest();
  }
}

async function leave(replies: AsyncIterator<unknown>): Promise<Step> {
  await replies.return?.();
  return DONE;
}
