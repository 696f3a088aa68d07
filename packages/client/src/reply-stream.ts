import { MicroError } from "@micro/core";
import type { ClientCall } from "./client-call.ts";
import { CLIENT_ID, clientError } from "./client-errors.ts";
import { DONE } from "./stream-messages.ts";

type Step = IteratorResult<unknown, undefined>;

/** What a caller of a stream iterates. The call begins with the first read; leaving the loop cancels it. */
export class ReplyStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #call: ClientCall;
  readonly #start: (call: ClientCall) => Promise<unknown>;
  #replies: Promise<AsyncIterator<unknown>> | undefined = undefined;
  #over = false;

  constructor(call: ClientCall, start: (call: ClientCall) => Promise<unknown>) {
    this.#call = call;
    this.#start = start;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Step> {
    if (this.#over) return DONE;
    try {
      this.#replies ??= this.#open();
      const replies = await this.#replies;
      const step = await replies.next();
      if (step.done !== true) return { done: false, value: step.value };
      this.#end();
      return DONE;
    } catch (error) {
      this.#end();
      throw MicroError.from(error, { id: CLIENT_ID });
    }
  }

  async return(): Promise<Step> {
    if (this.#over) return DONE;
    const replies = this.#replies;
    this.#over = true;
    if (replies === undefined) return DONE;
    // The reader of the wire (or of the handler) sees it first, then the middleware around it unwinds.
    this.#call.abort(clientError("CANCELLED", `${this.#call.label}: the reader left the stream`));
    this.#call.ended();
    try {
      await (await replies).return?.();
    } catch {
      // The call was given up: what comes of it has no reader any more.
    }
    return DONE;
  }

  async #open(): Promise<AsyncIterator<unknown>> {
    this.#call.watch();
    const result = await this.#start(this.#call);
    return (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call.ended();
  }
}
