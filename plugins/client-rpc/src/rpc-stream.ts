import {
  type AttemptOutcome,
  type ClientCall,
  decodeReply,
  encodeRequest,
  type NetworkStream,
} from "@micro/client";
import type { Codec } from "@micro/codec";
import { Metadata, MicroError } from "@micro/core";
import type { TransportMessage, TransportStream } from "@micro/transport";
import { errorText, outcomeOfFailure, outcomeOfReply, parseError, transportFailure } from "./rpc-replies.ts";

/** What an {@link RpcStream} is made of. */
export interface RpcStreamOptions {
  readonly codec: Codec;
  /** Of every frame: the type of the replies is taken from the latest (spec 1.12). */
  readonly header: Metadata;
  readonly call: ClientCall;
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
  #over = false;

  constructor(stream: TransportStream, options: RpcStreamOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#frames = stream.messages[Symbol.asyncIterator]();
    // The frame that starts the handler: servers do not look at its body.
    this.#post({ header: options.header, body: EMPTY });
  }

  send(message: unknown): Promise<void> | undefined {
    const body = encodeRequest(this.#options.codec, message, this.#options.call);
    return this.#stream.send({ header: this.#options.header, body });
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
        detail: `${this.#options.call.endpoint}: the connection ended in the middle of the stream`,
      });
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
    const text = errorText(header);
    // A data frame of a Go server may repeat an old Micro-Error; a genuine one has no body, or the X- form too (spec 1.12).
    if (text !== "" && (body.length === 0 || header.has("x-micro-error"))) {
      this.#end(outcomeOfReply(header));
      if (text === EOS) return DONE;
      throw parseError(text, header);
    }
    try {
      return { done: false, value: decodeReply(this.#options.codec, body, this.#options.call) };
    } catch (error) {
      const failure = MicroError.from(error);
      this.abort(failure);
      throw failure;
    }
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
