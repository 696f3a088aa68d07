import { status } from "@grpc/grpc-js";
import { type GrpcStatus, OK, plainStatus } from "./grpc-status.ts";
import { ReadyHeaders } from "./http2-headers.ts";
import type { IncomingGrpcCall } from "./incoming.ts";

/** Who answers a {@link RawCall}. */
export interface RawHandler {
  /** One request; the next is read when the promise is done. */
  message(call: RawCall, bytes: Uint8Array): Promise<void> | void;
  /** No more requests. */
  ended(call: RawCall): void;
  /** The caller has gone before the end. */
  gone?(call: RawCall): void;
}

/** A call of a standard service: messages in bytes, no handler of ours. */
export class RawCall {
  readonly #base: IncomingGrpcCall["base"];
  readonly #handler: RawHandler;
  readonly #contentType: string;
  #begun = false;
  #over = false;

  constructor(incoming: IncomingGrpcCall, handler: RawHandler, contentType: string) {
    this.#base = incoming.base;
    this.#handler = handler;
    this.#contentType = contentType;
    incoming.stream.once("aborted", () => this.onCancel());
    this.#base.start(this);
  }

  onReceiveMetadata(): void {
    this.#base.startRead();
  }

  onReceiveMessage(bytes: Buffer): void {
    void this.#receive(bytes);
  }

  onReceiveHalfClose(): void {
    if (!this.#over) this.#handler.ended(this);
  }

  onCancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.gone?.(this);
  }

  /** Resolves when there is room for more. */
  send(bytes: Uint8Array): Promise<void> {
    if (this.#over) return Promise.resolve();
    if (!this.#begun) this.#base.sendMetadata(new ReadyHeaders({ "content-type": this.#contentType }));
    this.#begun = true;
    return new Promise((resolve) => this.#base.sendMessage(Buffer.from(bytes), resolve));
  }

  /** The last word; later ones change nothing. */
  end(last: GrpcStatus = OK): void {
    if (this.#over) return;
    this.#over = true;
    this.#base.sendStatus(last);
  }

  /** The same with an error of gRPC. */
  fail(code: number, text: string): void {
    this.end(plainStatus(code, text, this.#begun ? {} : { contentType: this.#contentType }));
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    try {
      await this.#handler.message(this, bytes);
      if (!this.#over) this.#base.startRead();
    } catch (error) {
      // What can fail is the reading of a message.
      this.fail(status.INVALID_ARGUMENT, error instanceof Error ? error.message : String(error));
    }
  }
}
