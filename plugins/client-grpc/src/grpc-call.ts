import { status as codes, type Metadata, type StatusObject } from "@grpc/grpc-js";
import {
  type AttemptOutcome,
  type AttemptRequest,
  type AttemptSink,
  CODEC_ID,
  decodeReply,
  encodeRequest,
  type MessageCodec,
  type RunningAttempt,
} from "@micro/client";
import { MicroError } from "@micro/core";
import type { Connection, RunningCall } from "./connection.ts";
import type { GrpcWire } from "./grpc-wire.ts";
import { withDeadline } from "./late-status.ts";
import type { Waiter } from "./pool.ts";
import { replyMetadata } from "./reply-metadata.ts";
import { pathOf, RequestHeaders } from "./request-headers.ts";
import { failureOf, wrongCount } from "./status-error.ts";

/** The part of grpc-js's call that is used here. */
export type ChannelCall = ReturnType<Connection["channel"]["createCall"]>;

const NO_CONTEXT = {};

/** One unary attempt. It is also what the pool and grpc-js tell of it, as this is the path every call takes. */
export class GrpcCall implements RunningAttempt, RunningCall, Waiter {
  readonly #wire: GrpcWire;
  readonly #request: AttemptRequest;
  readonly #sink: AttemptSink;
  #headers!: RequestHeaders;
  #body!: Buffer;
  #codec!: MessageCodec;
  #connection: Connection | undefined = undefined;
  #call: ChannelCall | undefined = undefined;
  #reply: Buffer | undefined = undefined;
  #over = false;

  constructor(wire: GrpcWire, request: AttemptRequest, sink: AttemptSink) {
    this.#wire = wire;
    this.#request = request;
    this.#sink = sink;
    try {
      const { codec, contentType } = wire.prepare(request);
      this.#codec = codec;
      this.#headers = new RequestHeaders(request, contentType);
      this.#body = wire.checked(encodeRequest(codec, request.call.message, request.call), request.call);
    } catch (error) {
      this.#end(MicroError.from(error, { id: CODEC_ID }), undefined, "ok");
      return;
    }
    const connection = wire.pool.acquire(request.node.address, this);
    if (connection !== undefined) this.acquired(connection);
  }

  get connectDeadline(): number {
    return this.#request.connectDeadline;
  }

  acquired(connection: Connection): void {
    this.#connection = connection;
    connection.start(this);
    const call = connection.channel.createCall(pathOf(this.#request.call), Infinity, null, null, null);
    this.#call = call;
    call.start(this.#headers, this);
    call.sendMessageWithContext(NO_CONTEXT, this.#body);
    call.halfClose();
    call.startRead();
  }

  failed(error: MicroError): void {
    // A call that found no place says nothing about the node.
    this.#end(error, undefined, error.code === "RESOURCE_EXHAUSTED" ? "ok" : "unreachable");
  }

  giveUp(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call?.cancelWithStatus(codes.CANCELLED, "given up");
    if (this.#connection === undefined) this.#wire.pool.forget(this.#request.node.address, this);
    else this.#release(this.#connection);
  }

  cut(error: MicroError): void {
    const { id, code, detail } = error;
    // It may have reached its handler.
    this.#end(new MicroError({ id, code, detail }), undefined, "unreachable");
    this.#call?.cancelWithStatus(codes.CANCELLED, "the connection is lost");
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (this.#connection !== undefined) this.#connection.heard = true;
    if (!this.#over) this.#request.call.beside?.header(replyMetadata(metadata));
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#reply === undefined) {
      this.#reply = message;
      this.#call?.startRead();
      return;
    }
    this.#end(wrongCount(this.#request, "more than one reply"), undefined, "ok");
    this.#call?.cancelWithStatus(codes.CANCELLED, "more than one reply");
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#over) return;
    const { call, node } = this.#request;
    if (this.#connection !== undefined) this.#connection.heard = true;
    call.beside?.trailer(replyMetadata(status.metadata));
    if (status.code !== 0) {
      const { error, outcome } = failureOf(withDeadline(status, this.#request.attemptDeadline), node.address);
      this.#end(error, undefined, outcome);
      return;
    }
    if (this.#reply === undefined) {
      this.#end(wrongCount(this.#request, "no reply"), undefined, "ok");
      return;
    }
    let value: unknown;
    try {
      value = decodeReply(this.#codec, this.#reply, call);
    } catch (error) {
      this.#end(MicroError.from(error), undefined, "ok");
      return;
    }
    this.#end(undefined, value, "ok");
  }

  #release(connection: Connection): void {
    connection.ended(this);
    this.#wire.pool.released(connection);
  }

  #end(error: MicroError | undefined, reply: unknown, outcome: AttemptOutcome): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#connection !== undefined) this.#release(this.#connection);
    this.#sink.ended(error, reply, outcome);
  }
}
