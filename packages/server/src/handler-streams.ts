import { EventLoopShare, MicroError, runInCall, type StandardSchema } from "@micro/core";
import type { ServerCall } from "./server-call.ts";
import { type ValidationSubject, validate } from "./validation.ts";

/** The requests of a stream, each checked before the handler sees it. */
export async function* checkedInput(
  source: AsyncIterable<unknown>,
  schema: StandardSchema,
  subject: ValidationSubject,
): AsyncGenerator<unknown, void, undefined> {
  for await (const message of source) yield await validate(schema, message, subject);
}

/** The requests of a stream, one read after the other, also when the handler asks for several at once. */
export class HandlerInput implements AsyncIterableIterator<unknown, undefined> {
  readonly #source: AsyncIterator<unknown>;
  readonly #share = new EventLoopShare();
  #reading: Promise<IteratorResult<unknown, undefined>> | undefined = undefined;

  constructor(source: AsyncIterable<unknown>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#reading !== undefined) {
      const again = (): Promise<IteratorResult<unknown, undefined>> => this.next();
      return this.#reading.then(again, again);
    }
    const reading = this.#read();
    const settled = (): void => {
      this.#reading = undefined;
    };
    this.#reading = reading;
    reading.then(settled, settled);
    return reading;
  }

  #read(): Promise<IteratorResult<unknown, undefined>> {
    const turn = this.#share.step();
    return turn === undefined ? this.#source.next() : turn.then(() => this.#source.next());
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }
}

/** What a {@link HandlerOutput} tells its dispatcher. */
export interface HandlerOutputOptions {
  /** Called once, when the handler's iteration is over. */
  readonly ended: () => void;
  readonly errorOf: (thrown: unknown) => MicroError;
}

/**
 * The replies of a handler. Each step of the handler's iteration runs inside its call, wherever the reader stands:
 * otherwise the calls that a generator makes would inherit nothing.
 */
export class HandlerOutput implements AsyncIterableIterator<unknown, undefined> {
  readonly #call: ServerCall;
  readonly #source: AsyncIterator<unknown>;
  readonly #options: HandlerOutputOptions;
  readonly #share = new EventLoopShare();
  #over = false;

  /** Throws a MicroError `INTERNAL` when `output` is no iterable. */
  constructor(call: ServerCall, output: unknown, options: HandlerOutputOptions) {
    this.#call = call;
    this.#options = options;
    this.#source = iteratorOf(output, call);
    // A source that waits for something else than its reader must learn that the reader has gone.
    call.cancellation.onAbort(() => void this.#leave());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const turn = this.#share.step();
    if (turn !== undefined) await turn;
    if (this.#over) return { done: true, value: undefined };
    const { output, endpoint, service } = this.#call.route;
    try {
      const { reason } = this.#call.cancellation;
      if (reason !== undefined) throw reason;
      const result = await runInCall(this.#call, () => this.#source.next());
      if (result.done === true) {
        this.#end();
        return { done: true, value: undefined };
      }
      let { value } = result;
      if (output !== undefined) {
        const subject = { id: service, code: "INTERNAL", what: `reply of ${endpoint}` } as const;
        value = await validate(output, value, subject);
      }
      this.#call.tellHeader();
      return { done: false, value };
    } catch (error) {
      const failure = this.#options.errorOf(error);
      await this.#leave();
      throw failure;
    }
  }

  /** The reader has left. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    await this.#leave();
    return { done: true, value: undefined };
  }

  async #leave(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    try {
      await runInCall(this.#call, () => this.#source.return?.());
    } catch (error) {
      this.#call.logger.warn("handler failed while its stream was closed", { error });
    } finally {
      this.#options.ended();
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.ended();
  }
}

function iteratorOf(output: unknown, call: ServerCall): AsyncIterator<unknown> {
  const candidate = output as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  const async = candidate?.[Symbol.asyncIterator];
  if (typeof async === "function") return async.call(candidate);
  // A list is as good as a generator of its elements; a text is not.
  if (typeof output === "object" && typeof candidate?.[Symbol.iterator] === "function") {
    return (async function* () {
      yield* output as Iterable<unknown>;
    })();
  }
  throw new MicroError({
    id: call.service,
    code: "INTERNAL",
    detail: `handler of ${call.endpoint} must give an AsyncIterable: write it as 'async *' or give a Channel`,
  });
}
