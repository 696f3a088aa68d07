import type { Codec } from "@micro/codec";
import { type Logger, Metadata, MicroError } from "@micro/core";
import { encodeReply, type IncomingCall, type Refusal, type Route } from "@micro/server";
import type { IncomingExchange } from "@micro/transport";
import type { CallEnvelope } from "./rpc-envelope.ts";
import { addSaid, deadlineOf, EMPTY, errorHeader, errorText, replyBase } from "./rpc-replies.ts";

/** What an {@link RpcCall} is made of. */
export interface RpcCallOptions {
  readonly codec: Codec;
  readonly contentType: string;
  /** {@link replyBase} of the content type, where it is at hand. */
  readonly base?: Metadata | undefined;
  /** Of a call that came in one. */
  readonly envelope: CallEnvelope | undefined;
  readonly service: string;
  readonly logger: Logger;
  /** Undefined for a call that is only refused. */
  readonly route: Pick<Route, "replySchema" | "service" | "endpoint"> | undefined;
}

/** A unary call in Go Micro's form, and its one answer. */
export class RpcCall implements IncomingCall {
  readonly deadline: number;
  readonly #exchange: IncomingExchange;
  readonly #options: RpcCallOptions;
  #metadata: Metadata | undefined = undefined;
  #header: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;

  constructor(exchange: IncomingExchange, options: RpcCallOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.deadline = deadlineOf(exchange.first.header.get("timeout"));
  }

  /** All headers, and both ends of the connection (spec 1.4). */
  get metadata(): Metadata {
    this.#metadata ??= handlerMetadata(this.#exchange);
    return this.#metadata;
  }

  get remote(): string {
    return this.#exchange.remote;
  }

  onReplyHeader(metadata: Metadata): void {
    this.#header = metadata;
  }

  onReplyTrailer(metadata: Metadata): void {
    this.#trailer = metadata;
  }

  reply(value: unknown): void {
    const { codec, contentType, base, envelope, route } = this.#options;
    try {
      const payload = route === undefined ? codec.encode(value) : encodeReply(codec, value, route);
      const body = envelope === undefined ? payload : envelope.wrap(payload);
      const header = Metadata.over(base ?? replyBase(contentType)).setLower("micro-id", this.#id);
      this.#send(header, body);
    } catch (error) {
      this.fail(MicroError.from(error, { id: this.#options.service }));
    }
  }

  fail(error: MicroError, refusal?: Refusal): void {
    const { contentType, envelope, logger } = this.#options;
    try {
      const header = errorHeader(error, { contentType, id: this.#id, refusal });
      const body = envelope === undefined ? EMPTY : envelope.fail(errorText(error));
      this.#send(header, body);
    } catch (failure) {
      // The caller's deadline tells it; there is nobody else left to tell.
      logger.error("could not answer a call", { error: failure, answer: error });
    }
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#exchange.onAbort((reason) => listener(callerGone(reason)));
  }

  /** A reply has no other place for trailers than its header. */
  #send(header: Metadata, body: Uint8Array): void {
    addSaid(header, { header: this.#header, trailer: this.#trailer });
    this.#exchange.reply({ header, body });
  }

  get #id(): string {
    return this.#exchange.first.header.get("micro-id") ?? "";
  }
}

/** What a handler sees as metadata: all headers, and both ends of the connection (spec 1.4). */
export function handlerMetadata({ first, local, remote }: IncomingExchange): Metadata {
  return first.header.setLower("local", local).setLower("remote", remote);
}

/** Why a handler is cancelled when its caller has gone. */
export function callerGone(reason: Error): MicroError {
  return new MicroError({
    id: "go.micro.server",
    code: "CANCELLED",
    detail: `the caller has gone: ${reason.message}`,
    cause: reason,
  });
}
