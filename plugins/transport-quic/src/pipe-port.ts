import type { CreditStream, StreamPort, TransportMessage } from "@micro/transport";
import type { FramePipe } from "./frame-pipe.ts";
import { FrameKind, StreamCode } from "./frames.ts";

/** What a {@link PipePort} needs of those around it. */
export interface PipePortOptions {
  readonly pipe: FramePipe;
  /** Finds a QUIC stream, before the first message. */
  readonly begin?: () => void;
  /** Nothing more happens on the stream. */
  readonly onOver: () => void;
}

/** Runs a stream on a pipe. The windows are QUIC's: there is no credit to give or to wait for. */
export class PipePort implements StreamPort {
  readonly #options: PipePortOptions;

  constructor(options: PipePortOptions) {
    this.#options = options;
  }

  get full(): boolean {
    return this.#options.pipe.waiting > 0;
  }

  message(stream: CreditStream, message: TransportMessage): void {
    const { begin, pipe } = this.#options;
    pipe.send(FrameKind.message, message, false);
    if (!stream.begun) begin?.();
  }

  end(stream: CreditStream): void {
    // The server has never heard of a stream without a message, so it will not end its side either.
    if (!stream.begun) stream.peerEnd();
    else this.#options.pipe.end();
  }

  cancel(): void {
    this.#options.pipe.abort(StreamCode.cancelled);
  }

  taken(): void {
    this.#options.pipe.resume();
  }

  over(_: CreditStream, unread: boolean): void {
    if (unread) this.#options.pipe.stop(StreamCode.done);
    this.#options.onOver();
  }
}
