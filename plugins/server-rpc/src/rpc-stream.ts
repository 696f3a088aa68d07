import type { Codec } from "@micro/codec";
import { type Logger, Metadata, MicroError } from "@micro/core";
import {
  type CallOrigin,
  type Dispatcher,
  decodeRequest,
  encodeReply,
  type Refusal,
  type Route,
  type ServerCall,
} from "@micro/server";
import type { IncomingExchange, TransportMessage, TransportStream } from "@micro/transport";
import { callerGone, handlerMetadata } from "./rpc-call.ts";
import type { CallEnvelope } from "./rpc-envelope.ts";
import { addSaid, deadlineOf, EMPTY, errorHeader, errorText, replyHeader } from "./rpc-replies.ts";

/** What {@link serveStream} works with. */
export interface RpcStreamOptions {
  readonly dispatcher: Dispatcher;
  readonly codec: Codec;
  readonly contentType: string;
  /** The body of the first frame, without its envelope. */
  readonly body: Uint8Array;
  /** Of a stream whose frames are in envelopes. */
  readonly envelope: CallEnvelope | undefined;
  readonly service: string;
  readonly logger: Logger;
}

/** What the frames to the caller need. */
type ReplyOptions = Pick<RpcStreamOptions, "contentType" | "envelope" | "logger">;

const DONE = { done: true, value: undefined } as const;
/** The end of a stream, in either direction (spec 1.12). */
const EOS = "EOS";
/** Longer than that a timer of Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Refuses a stream: its first and last frame is the error, and nothing of it is read. */
export function refuseStream(exchange: IncomingExchange, error: MicroError, options: ReplyOptions): void {
  const stream = exchange.accept();
  new Replies(exchange, stream, options).fail(error);
  leave(stream.messages[Symbol.asyncIterator]());
}

/** Serves a stream in Go Micro's frames (spec 1.12): never rejects, all errors go to the caller or the log. */
export async function serveStream(
  exchange: IncomingExchange,
  route: Route,
  options: RpcStreamOptions,
): Promise<void> {
  const { dispatcher, codec, envelope, logger, service } = options;
  const stream = exchange.accept();
  const replies = new Replies(exchange, stream, options);
  const requests = new RequestFrames(stream, (body) =>
    decodeRequest(codec, envelope === undefined ? body : envelope.open(body), route),
  );
  try {
    const origin: CallOrigin = {
      metadata: handlerMetadata(exchange),
      deadline: deadlineOf(exchange.first.header.get("timeout")),
      remote: exchange.remote,
      onReplyHeader: (metadata) => replies.sayHeader(metadata),
      onReplyTrailer: (metadata) => replies.sayTrailer(metadata),
    };
    const single = route.kind === "serverStream" || route.kind === "unary";
    let input: unknown = requests;
    if (single) {
      const early = route.kind === "unary" && options.body.length > 0;
      input = early
        ? decodeRequest(codec, options.body, route)
        : await onlyRequest(requests, route, origin.deadline);
    }
    // Asked when it begins, not when it was opened: between the two others may have begun.
    const refusal = dispatcher.refusal();
    if (refusal !== undefined) {
      replies.fail(dispatcher.refusalError(refusal), refusal);
      return;
    }
    const { call, result } = dispatcher.stream(route, origin, input);
    watch(call, { stream, requests, replies });
    const output = await result;
    if (route.kind === "clientStream" || route.kind === "unary")
      await replies.send(encodeReply(codec, output, route));
    else
      for await (const reply of output as AsyncIterable<unknown>)
        await replies.send(encodeReply(codec, reply, route));
    replies.end();
  } catch (error) {
    replies.fail(MicroError.from(error, { id: service }));
  } finally {
    requests.leave();
    logger.trace("stream ended", { endpoint: route.endpoint });
  }
}

/**
 * The request of a handler of one. It is the second frame, as the first one only opens the stream (spec 1.12). Rejects with
 * `TIMEOUT` when it has not come by the deadline, and with `BAD_REQUEST` when the caller ends without one.
 */
async function onlyRequest(requests: RequestFrames, route: Route, deadline: number): Promise<unknown> {
  const { endpoint } = route;
  const late = (): void =>
    requests.fail(
      new MicroError({ code: "TIMEOUT", detail: `call timeout: no request of ${endpoint} came` }),
    );
  const leftMs = deadline - Date.now();
  const timer = leftMs > MAX_TIMER_MS ? undefined : setTimeout(late, Math.max(0, leftMs));
  try {
    const request = await requests.next();
    if (request.done !== true) return request.value;
  } finally {
    clearTimeout(timer);
  }
  throw new MicroError({ code: "BAD_REQUEST", detail: `a stream of ${endpoint} ended without a request` });
}

/** Ends everything when the call is cancelled: by its deadline, by the server's stop, or because the peer has gone. */
function watch(
  call: ServerCall,
  parts: { readonly stream: TransportStream; readonly requests: RequestFrames; readonly replies: Replies },
): void {
  const { stream, requests, replies } = parts;
  stream.onAbort((reason) => {
    // A peer that leaves after the last word takes nothing from anybody.
    if (!replies.over) call.cancel(callerGone(reason));
  });
  call.cancellation.onAbort((reason) => {
    requests.fail(reason);
    replies.fail(MicroError.from(reason));
  });
}

/** The frames that go to the caller. */
class Replies {
  readonly #stream: TransportStream;
  readonly #contentType: string;
  readonly #envelope: CallEnvelope | undefined;
  readonly #logger: Logger;
  readonly #header: Metadata;
  readonly #id: string;
  /** What the handler said and no frame carries yet. */
  #said: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #over = false;

  constructor(
    exchange: IncomingExchange,
    stream: TransportStream,
    { contentType, envelope, logger }: ReplyOptions,
  ) {
    const { header } = exchange.first;
    this.#stream = stream;
    this.#contentType = contentType;
    this.#envelope = envelope;
    this.#logger = logger;
    this.#id = header.get("micro-id") ?? "";
    this.#header = this.#mark(replyHeader(contentType, this.#id), header.get("micro-stream"));
  }

  get over(): boolean {
    return this.#over;
  }

  sayHeader(metadata: Metadata): void {
    this.#said = metadata;
  }

  sayTrailer(metadata: Metadata): void {
    this.#trailer = metadata;
  }

  /** Resolves when there is room for more. */
  async send(payload: Uint8Array): Promise<void> {
    if (this.#over) throw new MicroError({ code: "CANCELLED", detail: "the stream is over" });
    const body = this.#envelope === undefined ? payload : this.#envelope.wrap(payload);
    const said = this.#said;
    this.#said = undefined;
    const header = said === undefined ? this.#header : addSaid(new Metadata(this.#header), { header: said });
    await this.#stream.send({ header, body });
  }

  end(): void {
    const header = new Metadata(this.#header);
    header.setLower("micro-error", EOS);
    header.setLower("x-micro-error", EOS);
    this.#last(header, EOS);
  }

  fail(error: MicroError, refusal?: Refusal): void {
    const header = errorHeader(error, { contentType: this.#contentType, id: this.#id, refusal });
    this.#last(this.#mark(header, this.#header.get("micro-stream")), errorText(error));
  }

  #last(header: Metadata, error: string): void {
    if (this.#over) return;
    this.#over = true;
    // Go reads an envelope in each frame, the last one too.
    const body = this.#envelope === undefined ? EMPTY : this.#envelope.fail(error);
    const said = { header: this.#said, trailer: this.#trailer };
    const plain = said.header === undefined && said.trailer === undefined;
    // What the transport refuses because of the metadata is said without it.
    for (const own of plain ? [header] : [addSaid(new Metadata(header), said), header]) {
      try {
        this.#stream.send({ header: own, body })?.catch(() => undefined);
        this.#stream.closeSend();
        return;
      } catch (failure) {
        if (own !== header) this.#logger.warn("a stream's trailer cannot be sent", { error: failure });
        else {
          this.#logger.debug("a stream's last frame could not be sent", { error: failure });
          // A caller that has not gone must not wait for it.
          this.#stream.abort(MicroError.from(failure));
        }
      }
    }
  }

  #mark(header: Metadata, stream: string | undefined): Metadata {
    return stream === undefined ? header : header.setLower("micro-stream", stream);
  }
}

/** What still comes is not read; how that ends changes nothing for anybody. */
function leave(frames: AsyncIterator<TransportMessage>): void {
  void Promise.resolve(frames.return?.()).catch(() => undefined);
}

/** The requests that come from the caller. */
class RequestFrames implements AsyncIterableIterator<unknown, undefined> {
  readonly #frames: AsyncIterator<TransportMessage>;
  readonly #decode: (body: Uint8Array) => unknown;
  #over = false;
  #error: Error | undefined = undefined;
  #waiting: ((error: Error) => void) | undefined = undefined;

  constructor(stream: TransportStream, decode: (body: Uint8Array) => unknown) {
    this.#frames = stream.messages[Symbol.asyncIterator]();
    this.#decode = decode;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiting = reject;
      this.#frames
        .next()
        .then((frame) => this.#read(frame))
        .then(resolve, reject)
        .finally(() => {
          this.#waiting = undefined;
        });
    });
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.leave();
    return Promise.resolve(DONE);
  }

  /** The handler reads no more. */
  leave(): void {
    this.#over = true;
    leave(this.#frames);
  }

  /** The reader gets this reason instead of what would still have come. */
  fail(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#waiting === undefined) this.#error = reason;
    else this.#waiting(reason);
  }

  #read(frame: IteratorResult<TransportMessage>): IteratorResult<unknown, undefined> {
    // A Go client that goes away looks like the end of its requests, and is one for Go's handlers.
    if (frame.done === true) {
      this.#over = true;
      return DONE;
    }
    const { header, body } = frame.value;
    const error = header.get("micro-error") ?? "";
    if (error === "") {
      return { done: false, value: this.#decode(body) };
    }
    this.#over = true;
    if (error === EOS) return DONE;
    throw MicroError.parse(error);
  }
}
