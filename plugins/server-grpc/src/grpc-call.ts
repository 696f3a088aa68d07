import { type Deadlines, type Metadata, MicroError } from "@micro/core";
import {
  type Dispatcher,
  decodeRequest,
  encodeReply,
  type IncomingCall,
  type Refusal,
  type RequestCodec,
  type Route,
} from "@micro/server";
import { errorStatus, okStatus, plainStatus, WRONG_COUNT } from "./grpc-status.ts";
import type { IncomingGrpcCall } from "./incoming.ts";
import { handlerMetadata, remoteOf } from "./incoming-metadata.ts";
import type { ReplyWriter } from "./reply-writer.ts";
import { RequestWait } from "./request-wait.ts";

/** What a call of a known method works with. */
export interface GrpcCallOptions {
  readonly dispatcher: Dispatcher;
  readonly route: Route;
  readonly codec: RequestCodec;
  /** Of the request, and so of the reply. */
  readonly contentType: string;
  readonly service: string;
  /** In ms since the epoch. */
  readonly deadline: number;
  /** Watches calls whose request has not come. */
  readonly waits: Deadlines;
  readonly writer: ReplyWriter;
}

/** Why a handler is cancelled when its caller has gone. */
export function callerGone(): MicroError {
  return new MicroError({
    id: "go.micro.server",
    code: "CANCELLED",
    detail: "the caller has gone: it has cancelled the call, or its connection is lost",
  });
}

/** What a caller is told that has not sent its request by the deadline. */
export function requestLate(endpoint: string): MicroError {
  return new MicroError({
    id: "go.micro.server",
    code: "TIMEOUT",
    detail: `call timeout: no request of ${endpoint} came`,
  });
}

/** A unary call and its one answer. */
export class GrpcCall implements IncomingCall {
  readonly deadline: number;
  readonly #incoming: IncomingGrpcCall;
  readonly #options: GrpcCallOptions;
  #metadata: Metadata | undefined = undefined;
  #request: Buffer | undefined = undefined;
  #over = false;
  #header: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #onGone: ((reason: Error) => void) | undefined = undefined;
  readonly #wait: RequestWait;

  constructor(incoming: IncomingGrpcCall, options: GrpcCallOptions) {
    this.#incoming = incoming;
    this.#options = options;
    this.deadline = options.deadline;
    this.#wait = new RequestWait(options.deadline, () => this.fail(requestLate(options.route.endpoint)));
    if (options.deadline !== Infinity) options.waits.add(this.#wait);
    incoming.base.start(this);
  }

  get metadata(): Metadata {
    this.#metadata ??= handlerMetadata(this.#incoming);
    return this.#metadata;
  }

  get remote(): string {
    return remoteOf(this.#incoming.base);
  }

  onReceiveMetadata(): void {
    this.#incoming.base.startRead();
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#request !== undefined) {
      this.#refuse("the method takes one message, and a second one came");
      return;
    }
    this.#request = message;
    this.#incoming.base.startRead();
  }

  onReceiveHalfClose(): void {
    const { codec, dispatcher, route, service, waits } = this.#options;
    waits.remove(this.#wait);
    if (this.#over) return;
    if (this.#request === undefined) {
      this.#refuse("the request ended without a message");
      return;
    }
    let message: unknown;
    try {
      message = decodeRequest(codec, this.#request, route);
    } catch (error) {
      this.fail(MicroError.from(error, { id: service }));
      return;
    }
    dispatcher.unary(route, this, message);
  }

  onCancel(): void {
    this.#options.waits.remove(this.#wait);
    if (this.#over) return;
    this.#over = true;
    this.#onGone?.(callerGone());
  }

  onReplyHeader(metadata: Metadata): void {
    this.#header = metadata;
  }

  onReplyTrailer(metadata: Metadata): void {
    this.#trailer = metadata;
  }

  reply(value: unknown): void {
    if (this.#over) return;
    const { codec, route, service, contentType, writer } = this.#options;
    const { base, headers } = this.#incoming;
    let body: Buffer;
    try {
      body = writer.checked(encodeReply(codec, value, route));
    } catch (error) {
      this.fail(MicroError.from(error, { id: service }));
      return;
    }
    if (writer.begin(base, { contentType, asked: headers, said: this.#header })) void this.#replyPacked(body);
    else this.#last(body);
  }

  fail(error: MicroError, refusal?: Refusal): void {
    if (this.#over) return;
    this.#over = true;
    const { contentType, writer } = this.#options;
    const { base, headers } = this.#incoming;
    const about = { refusal, asked: headers, said: this.#trailer };
    if (this.#header === undefined) {
      base.sendStatus(errorStatus(error, { ...about, contentType }));
      return;
    }
    // An error that is the whole answer has no headers of its own: everything in it would be a trailer.
    writer.begin(base, { contentType, asked: headers, said: this.#header });
    base.sendStatus(errorStatus(error, about));
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#onGone = listener;
  }

  async #replyPacked(body: Buffer): Promise<void> {
    try {
      this.#last(await this.#options.writer.packed(body));
    } catch (error) {
      this.fail(MicroError.from(error, { id: this.#options.service }));
    }
  }

  #last(message: Buffer): void {
    if (this.#over) return;
    this.#over = true;
    const { base } = this.#incoming;
    base.sendMessage(message, () => undefined);
    // Not behind the message's callback: data and trailers go out together.
    base.sendStatus(okStatus(this.#trailer));
  }

  #refuse(text: string): void {
    if (this.#over) return;
    this.#over = true;
    const { contentType, route, waits } = this.#options;
    waits.remove(this.#wait);
    this.#incoming.base.sendStatus(plainStatus(WRONG_COUNT, `${route.endpoint}: ${text}`, { contentType }));
  }
}
