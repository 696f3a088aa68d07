import type { Codec } from "@micro/codec";
import { type Logger, type Metadata, MicroError } from "@micro/core";
import { encodeReply, type IncomingCall, type Refusal, type Route } from "@micro/server";
import type { IncomingExchange } from "@micro/transport";
import { deadlineOf, EMPTY, errorHeader, replyHeader } from "./rpc-replies.ts";

/** What an {@link RpcCall} is made of. */
export interface RpcCallOptions {
  readonly codec: Codec;
  readonly contentType: string;
  readonly service: string;
  readonly logger: Logger;
  /** Undefined for a call that is only refused. */
  readonly route: Route | undefined;
}

/** A unary call in Go Micro's form, and its one answer. */
export class RpcCall implements IncomingCall {
  readonly deadline: number;
  readonly #exchange: IncomingExchange;
  readonly #options: RpcCallOptions;
  #metadata: Metadata | undefined = undefined;

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

  reply(value: unknown): void {
    const { codec, contentType, route } = this.#options;
    try {
      const body = route === undefined ? codec.encode(value) : encodeReply(codec, value, route);
      this.#exchange.reply({ header: replyHeader(contentType, this.#id), body });
    } catch (error) {
      this.fail(MicroError.from(error, { id: this.#options.service }));
    }
  }

  fail(error: MicroError, refusal?: Refusal): void {
    const { contentType, logger } = this.#options;
    try {
      const header = errorHeader(error, { contentType, id: this.#id, refusal });
      this.#exchange.reply({ header, body: EMPTY });
    } catch (failure) {
      // The caller's deadline tells it; there is nobody else left to tell.
      logger.error("could not answer a call", { error: failure, answer: error });
    }
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#exchange.onAbort((reason) => listener(callerGone(reason)));
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
