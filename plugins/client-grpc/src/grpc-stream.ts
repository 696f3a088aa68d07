import { status as codes, type Metadata, type StatusObject } from "@grpc/grpc-js";
import {
  type AttemptOutcome,
  type AttemptRequest,
  clientError,
  decodeReply,
  encodeRequest,
  type NetworkStream,
} from "@micro/client";
import { MicroError } from "@micro/core";
import { SendWindow } from "@micro/grpc/internal";
import type { Connection, RunningCall } from "./connection.ts";
import type { ChannelCall } from "./grpc-call.ts";
import type { GrpcWire, Prepared } from "./grpc-wire.ts";
import { holdError } from "./held-error.ts";
import { withDeadline } from "./late-status.ts";
import { replyMetadata } from "./reply-metadata.ts";
import { pathOf, RequestHeaders } from "./request-headers.ts";
import { failureOf, wrongCount } from "./status-error.ts";

type Step = IteratorResult<unknown, undefined>;
const DONE = { done: true, value: undefined } as const;

/** Opens a stream; rejects with a MicroError. */
export async function openStream(wire: GrpcWire, request: AttemptRequest): Promise<NetworkStream> {
  const prepared = wire.prepare(request);
  const headers = new RequestHeaders(request, prepared.contentType);
  const { call, connectDeadline, node } = request;
  return new Promise((resolve, reject) => {
    let unfollow = (): void => undefined;
    // At once, because whoever gets the next place counts the streams of a connection.
    const acquired = (connection: Connection): void => {
      unfollow();
      resolve(new GrpcStream(wire, { request, prepared, headers, connection }));
    };
    const failed = (error: Error): void => {
      unfollow();
      reject(error);
    };
    const waiter = { connectDeadline, acquired, failed };
    const free = wire.pool.acquire(node.address, waiter);
    if (free !== undefined) acquired(free);
    else {
      unfollow = call.cancellation.onAbort((reason) => {
        wire.pool.forget(node.address, waiter);
        reject(reason);
      });
    }
  });
}

/** A stream of any kind on one HTTP/2 stream (spec 2.3). */
class GrpcStream implements NetworkStream, RunningCall {
  outcome: AttemptOutcome = "ok";
  readonly #wire: GrpcWire;
  readonly #request: AttemptRequest;
  readonly #prepared: Prepared;
  readonly #connection: Connection;
  readonly #call: ChannelCall;
  /** What ended it: an error, or the good end. */
  #end: { readonly error: MicroError | undefined } | undefined = undefined;
  /** The error that the server has sent, while replies before it are still to be read. */
  #held: StatusObject | undefined = undefined;
  #replies = 0;
  /** A reply that nobody has asked for yet. */
  #ahead: Buffer | undefined = undefined;
  #waiting: { resolve(step: Step): void; reject(error: Error): void } | undefined = undefined;
  /** Grpc-js keeps one message while it opens the stream: more would replace it. */
  readonly #unsent = new SendWindow(true);
  #sendClosed = false;

  constructor(
    wire: GrpcWire,
    given: {
      readonly request: AttemptRequest;
      readonly prepared: Prepared;
      readonly headers: RequestHeaders;
      readonly connection: Connection;
    },
  ) {
    const { request, prepared, headers, connection } = given;
    this.#wire = wire;
    this.#request = request;
    this.#prepared = prepared;
    this.#connection = connection;
    connection.start(this);
    this.#call = connection.channel.createCall(pathOf(request.call), Infinity, null, null, null);
    this.#call.start(headers, this);
    // One reply is read ahead: without a read under way grpc-js takes whatever comes, without a bound.
    this.#call.startRead();
  }

  send(message: unknown): Promise<void> | undefined {
    const { call } = this.#request;
    const body = this.#wire.checked(encodeRequest(this.#prepared.codec, message, call), call);
    if (this.#end !== undefined || this.#held !== undefined) throw this.#closed();
    const { length } = body;
    this.#unsent.add(length);
    this.#call.sendMessageWithContext({ callback: () => this.#sent(length) }, body);
    // Servers may wait for the end of the one request before they run the handler; grpc-go and grpc-java do.
    if (call.kind === "serverStream") this.closeSend();
    return this.#unsent.room();
  }

  closeSend(): void {
    if (this.#sendClosed) return;
    this.#sendClosed = true;
    if (this.#unsent.empty) this.#call.halfClose();
  }

  next(): Promise<Step> {
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      this.#ahead = undefined;
      if (this.#end === undefined) this.#call.startRead();
      return new Promise((resolve) => resolve(this.#decoded(ahead)));
    }
    if (this.#end !== undefined) {
      const { error } = this.#end;
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  abort(reason: Error): void {
    if (this.#end !== undefined) return;
    this.#over(MicroError.from(reason), this.outcome);
    this.#call.cancelWithStatus(codes.CANCELLED, "given up");
  }

  cut({ id, code, detail }: MicroError): void {
    if (this.#end !== undefined) return;
    // Its handler may run.
    this.#over(new MicroError({ id, code, detail }), "unreachable");
    this.#call.cancelWithStatus(codes.CANCELLED, "the connection is lost");
  }

  // ---- what grpc-js says ----

  onReceiveMetadata(metadata: Metadata): void {
    this.#connection.heard = true;
    if (this.#end === undefined) this.#request.call.beside?.header(replyMetadata(metadata));
    holdError(this.#call, (status) => {
      this.#held = status;
      // The reader may be the one who waits for room.
      this.#unsent.fail(this.#closed());
    });
  }

  onReceiveMessage(message: Buffer): void {
    this.#connection.heard = true;
    if (this.#request.call.kind === "clientStream" && ++this.#replies > 1) {
      this.abort(wrongCount(this.#request, "more than one reply"));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) {
      this.#ahead = message;
      return;
    }
    this.#call.startRead();
    try {
      waiting.resolve(this.#decoded(message));
    } catch (error) {
      waiting.reject(error as Error);
    }
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#end !== undefined) return;
    this.#connection.heard = true;
    const { call, node, attemptDeadline } = this.#request;
    const held = this.#held;
    const last = held ?? withDeadline(status, attemptDeadline);
    call.beside?.trailer(replyMetadata(last.metadata));
    if (last.code !== 0) {
      const { error, outcome } = failureOf(last, node.address, held !== undefined);
      this.#over(error, outcome);
    } else if (call.kind === "clientStream" && this.#replies === 0) {
      this.#over(wrongCount(this.#request, "no reply"), "ok");
    } else this.#over(undefined, "ok");
  }

  #decoded(message: Buffer): Step {
    try {
      return { done: false, value: decodeReply(this.#prepared.codec, message, this.#request.call) };
    } catch (thrown) {
      const error = MicroError.from(thrown);
      this.abort(error);
      throw error;
    }
  }

  #over(error: MicroError | undefined, outcome: AttemptOutcome): void {
    this.#end = { error };
    this.outcome = outcome;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(DONE);
    else waiting?.reject(error);
    this.#unsent.fail(this.#closed());
    this.#connection.ended(this);
    this.#wire.pool.released(this.#connection);
  }

  #sent(length: number): void {
    this.#unsent.oneByOne = this.#wire.compresses;
    this.#unsent.sent(length);
    if (this.#unsent.empty && this.#sendClosed) this.#call.halfClose();
  }

  #closed(): MicroError {
    return clientError("UNAVAILABLE", `${this.#request.call.label}: the stream is over`);
  }
}
