import { type Metadata, MicroError } from "@micro/core";
import { SendWindow } from "@micro/grpc/internal";
import { type CallOrigin, decodeRequest, encodeReply, type ServerCall } from "@micro/server";
import { callerGone, type GrpcCallOptions, requestLate } from "./grpc-call.ts";
import { errorStatus, okStatus, plainStatus, WRONG_COUNT } from "./grpc-status.ts";
import type { IncomingGrpcCall } from "./incoming.ts";
import { handlerMetadata, remoteOf } from "./incoming-metadata.ts";
import { RequestWait } from "./request-wait.ts";

type Step = IteratorResult<unknown, undefined>;
const DONE = { done: true, value: undefined } as const;

/** Serves a stream of any kind (spec 2.3): never rejects, all errors go to the caller or the log. */
export async function serveStream(incoming: IncomingGrpcCall, options: GrpcCallOptions): Promise<void> {
  const { dispatcher, codec, route, service } = options;
  const stream = new GrpcStream(incoming, options);
  try {
    const origin: CallOrigin = {
      metadata: stream.metadata,
      deadline: options.deadline,
      remote: remoteOf(incoming.base),
      onReplyHeader: (metadata) => stream.sayHeader(metadata),
      onReplyTrailer: (metadata) => stream.sayTrailer(metadata),
    };
    let input: unknown = stream;
    if (route.kind === "serverStream") {
      const request = await stream.only(options);
      if (request.done === true) {
        stream.refuse("the request ended without a message");
        return;
      }
      input = request.value;
      stream.expectEnd();
    }
    const { call, result } = dispatcher.stream(route, origin, input);
    stream.watch(call);
    const output = await result;
    if (route.kind === "clientStream") await stream.send(encodeReply(codec, output, route));
    else {
      for await (const reply of output as AsyncIterable<unknown>) {
        const room = stream.send(encodeReply(codec, reply, route));
        if (room !== undefined) await room;
      }
    }
    stream.end();
  } catch (error) {
    stream.fail(MicroError.from(error, { id: service }));
  }
}

/** One stream: the requests that come from the caller, and the replies that go to it. */
class GrpcStream implements AsyncIterableIterator<unknown, undefined> {
  readonly metadata: Metadata;
  readonly #incoming: IncomingGrpcCall;
  readonly #options: GrpcCallOptions;
  #call: ServerCall | undefined = undefined;
  #waiting: { resolve(step: Step): void; reject(error: Error): void } | undefined = undefined;
  /** Undefined while requests may still come. */
  #end: { readonly error: Error | undefined } | undefined = undefined;
  /** The caller has had the last word, or has gone. */
  #over = false;
  #packs: boolean | undefined = undefined;
  #header: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  readonly #unsent = new SendWindow();

  constructor(incoming: IncomingGrpcCall, options: GrpcCallOptions) {
    this.#incoming = incoming;
    this.#options = options;
    this.metadata = handlerMetadata(incoming);
    // A peer that cancels with data unread is heard at once by this event only.
    incoming.stream.once("aborted", () => this.onCancel());
    incoming.base.start(this);
  }

  /** Ends everything when the call is cancelled: by its deadline, by the server's stop, or because the peer has gone. */
  watch(call: ServerCall): void {
    this.#call = call;
    if (this.#over) call.cancel(callerGone());
    call.cancellation.onAbort((reason) => {
      this.#finishRequests(reason);
      this.fail(MicroError.from(reason));
    });
  }

  // ---- what grpc-js says ----

  onReceiveMetadata(): void {
    // Nothing is read before somebody asks for it.
  }

  onReceiveMessage(message: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) {
      this.refuse("the method takes one message, and a second one came");
      return;
    }
    const { codec, route } = this.#options;
    try {
      waiting.resolve({ done: false, value: decodeRequest(codec, message, route) });
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  onReceiveHalfClose(): void {
    // Node's clients write the end of their requests before they cancel: a handler must not take that for a good end.
    setImmediate(() => this.#finishRequests(undefined));
  }

  onCancel(): void {
    if (this.#over) return;
    this.#over = true;
    const gone = callerGone();
    this.#finishRequests(gone);
    this.#unsent.fail(gone);
    this.#call?.cancel(gone);
  }

  // ---- what comes ----

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** To be asked for the next one when it has answered. */
  next(): Promise<Step> {
    if (this.#end !== undefined) {
      const { error } = this.#end;
      this.#end = { error: undefined };
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#incoming.base.startRead();
    });
  }

  /** The request of a handler of one. Rejects with `TIMEOUT` when it has not come by the deadline. */
  async only({ deadline, route, waits }: GrpcCallOptions): Promise<Step> {
    const wait = new RequestWait(deadline, () => this.#finishRequests(requestLate(route.endpoint)));
    if (deadline !== Infinity) waits.add(wait);
    try {
      return await this.next();
    } finally {
      waits.remove(wait);
    }
  }

  return(): Promise<Step> {
    this.#finishRequests(undefined);
    return Promise.resolve(DONE);
  }

  /** All requests are read: what is left is the end, or the caller's leaving. */
  expectEnd(): void {
    if (this.#end === undefined) this.#incoming.base.startRead();
  }

  /** The reader gets this end instead of what would still have come. */
  #finishRequests(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#end = { error: waiting === undefined ? error : undefined };
    if (error === undefined) waiting?.resolve(DONE);
    else waiting?.reject(error);
  }

  // ---- what goes ----

  sayHeader(metadata: Metadata): void {
    this.#header = metadata;
  }

  sayTrailer(metadata: Metadata): void {
    this.#trailer = metadata;
  }

  /** A promise when the caller is slower than the handler. Throws when the caller has gone. */
  send(body: Uint8Array): Promise<void> | undefined {
    if (this.#over) throw callerGone();
    const message = this.#options.writer.checked(body);
    return this.#begin() ? this.#sendPacked(message) : this.#write(message);
  }

  end(): void {
    if (this.#over) return;
    this.#begin();
    this.#over = true;
    this.#incoming.base.sendStatus(okStatus(this.#trailer));
  }

  fail(error: MicroError): void {
    if (this.#over) return;
    this.#over = true;
    this.#unsent.fail(error);
    const { base, headers } = this.#incoming;
    // An error that is the whole answer has no headers of its own: everything in it would be a trailer.
    if (this.#header !== undefined) this.#begin();
    base.sendStatus(errorStatus(error, { ...this.#framing, asked: headers, said: this.#trailer }));
  }

  /** The caller broke the protocol. */
  refuse(text: string): void {
    if (this.#over) return;
    const { route } = this.#options;
    const detail = `${route.endpoint}: ${text}`;
    this.#over = true;
    this.#incoming.base.sendStatus(plainStatus(WRONG_COUNT, detail, this.#framing));
    const error = new MicroError({ id: "go.micro.server", code: "CANCELLED", detail });
    this.#unsent.fail(error);
    this.#finishRequests(error);
    this.#call?.cancel(error);
  }

  /** Writes the headers unless they are written. True when messages must be packed. */
  #begin(): boolean {
    const { writer, contentType } = this.#options;
    const { base, headers } = this.#incoming;
    this.#packs ??= writer.begin(base, { contentType, asked: headers, said: this.#header });
    return this.#packs;
  }

  /** Trailers behind headers name no content type. */
  get #framing(): { readonly contentType?: string } {
    return this.#packs === undefined ? { contentType: this.#options.contentType } : {};
  }

  async #sendPacked(message: Buffer): Promise<void> {
    const frame = await this.#options.writer.packed(message);
    if (this.#over) throw callerGone();
    await this.#write(frame);
  }

  #write(message: Buffer): Promise<void> | undefined {
    const { length } = message;
    this.#unsent.add(length);
    this.#incoming.base.sendMessage(message, () => this.#unsent.sent(length));
    return this.#unsent.room();
  }
}
