import {
  type AttemptOutcome,
  type AttemptRequest,
  decodeReply,
  encodeRequest,
  type NetworkStream,
} from "@micro/client";
import { type Codec, hasEnvelope } from "@micro/codec";
import { Metadata, MicroError } from "@micro/core";
import type { TransportMessage, TransportStream } from "@micro/transport";
import { unwrapReply, wrapRequest } from "./rpc-dialect.ts";
import {
  errorText,
  noteSaid,
  outcomeOfFailure,
  outcomeOfReply,
  parseError,
  transportFailure,
  unsupportedError,
} from "./rpc-replies.ts";

/** What an {@link RpcStream} is made of. */
export interface RpcStreamOptions {
  readonly codec: Codec;
  /** Of every frame: the type of the replies is taken from the latest (spec 1.12). */
  readonly header: Metadata;
  readonly request: AttemptRequest;
  readonly id: string;
  /** Body of the frame that starts the handler, where its codec needs one. */
  readonly opening: Uint8Array | undefined;
  /** Called once, when nothing more happens on the stream. */
  readonly release: () => void;
}

const DONE = { done: true, value: undefined } as const;
const EMPTY = new Uint8Array(0);
/** The end of a stream, in either direction (spec 1.12). */
const EOS = "EOS";

/** A stream in Go Micro's frames: open, data, and EOS or an error (spec 1.12). */
export class RpcStream implements NetworkStream {
  outcome: AttemptOutcome = "ok";
  readonly #stream: TransportStream;
  readonly #options: RpcStreamOptions;
  readonly #frames: AsyncIterator<TransportMessage>;
  #sendClosed = false;
  #answered = false;
  #over = false;

  constructor(stream: TransportStream, options: RpcStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#frames = stream.messages[Symbol.asyncIterator]();
    // The frame that starts the handler: servers do not look at its body.
    this.#post({ header: options.header, body: options.opening ?? EMPTY });
  }

  send(message: unknown): Promise<void> | undefined {
    const { codec, header, id, request } = this.#options;
    const payload = encodeRequest(codec, message, request.call);
    const body = hasEnvelope(codec) ? wrapRequest(codec, request, { id, payload }) : payload;
    return this.#stream.send({ header, body });
  }

  closeSend(): void {
    if (this.#sendClosed || this.#over) return;
    this.#sendClosed = true;
    const header = new Metadata(this.#options.header);
    header.setLower("micro-error", EOS);
    try {
      this.#post({ header, body: EMPTY });
    } finally {
      this.#stream.closeSend();
    }
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#over) return DONE;
    let frame: IteratorResult<TransportMessage>;
    try {
      frame = await this.#frames.next();
    } catch (error) {
      const failure = transportFailure(error as Error);
      this.#end(outcomeOfFailure(failure));
      throw failure;
    }
    if (frame.done === true) {
      this.#end("unreachable");
      throw new MicroError({
        id: "go.micro.client.transport",
        code: "UNAVAILABLE",
        detail: `${this.#options.request.call.endpoint}: the connection ended in the middle of the stream`,
      });
    }
    if (!this.#answered) {
      this.#answered = true;
      const unsupported = unsupportedError(frame.value);
      if (unsupported !== undefined) {
        this.abort(unsupported);
        throw unsupported;
      }
    }
    return this.#read(frame.value);
  }

  abort(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.abort(reason);
    this.#options.release();
  }

  #read({ header, body }: TransportMessage): IteratorResult<unknown, undefined> {
    const { beside } = this.#options.request.call;
    if (beside !== undefined) noteSaid(header, beside);
    const text = errorText(header);
    // A data frame of a Go server may repeat an old Micro-Error; a genuine one has no body, or the X- form too (spec 1.12).
    if (text !== "" && (body.length === 0 || header.has("x-micro-error"))) return this.#last(text, header);
    const { codec, request } = this.#options;
    try {
      let payload = body;
      if (hasEnvelope(codec)) {
        const wrapped = unwrapReply(codec, body, request.call.endpoint);
        if (wrapped.error !== "") return this.#last(wrapped.error, header);
        ({ payload } = wrapped);
      }
      return { done: false, value: decodeReply(codec, payload, request.call) };
    } catch (error) {
      const failure = MicroError.from(error);
      this.abort(failure);
      throw failure;
    }
  }

  #last(text: string, header: Metadata): typeof DONE {
    this.#end(outcomeOfReply(header));
    if (text === EOS) return DONE;
    throw parseError(text, header);
  }

  /** The server has spoken its last word. */
  #end(outcome: AttemptOutcome): void {
    this.#over = true;
    this.outcome = outcome;
    if (!this.#sendClosed) this.#stream.closeSend();
    this.#options.release();
  }

  #post(message: TransportMessage): void {
    // Small, and the last or the first: nothing has to wait for room behind it.
    this.#stream.send(message)?.catch(() => undefined);
  }
}
