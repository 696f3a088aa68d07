import {
  type AttemptOutcome,
  type AttemptRequest,
  type AttemptSink,
  type ClientWire,
  CODEC_ID,
  decodeReply,
  encodeRequest,
  type NetworkStream,
  type RunningAttempt,
} from "@micro/client";
import { type Codec, type Codecs, hasEnvelope } from "@micro/codec";
import { type Metadata, MicroError } from "@micro/core";
import type { AcquireOptions, Lease, SessionPool, TransportMessage, TransportStream } from "@micro/transport";
import { codecFor, sentContentType, unwrapReply, wrapRequest } from "./rpc-dialect.ts";
import { requestHeader } from "./rpc-headers.ts";
import {
  noteSaid,
  outcomeOfFailure,
  outcomeOfReply,
  parseError,
  replyError,
  transportFailure,
} from "./rpc-replies.ts";
import { RpcStream } from "./rpc-stream.ts";

/** What an {@link RpcWire} is made of. */
export interface RpcWireOptions {
  readonly codecs: Codecs;
  readonly pool: SessionPool;
}

/** The wire of Go Micro's rpc client (spec 1.2 to 1.12). */
export class RpcWire implements ClientWire {
  readonly addressMetadata = { protocol: "mucp" };
  readonly codecs: Codecs;
  readonly pool: SessionPool;
  #lastId = 0;

  constructor({ codecs, pool }: RpcWireOptions) {
    this.codecs = codecs;
    this.pool = pool;
  }

  /** The number of the next request (spec 1.3). */
  nextId(): string {
    return `${this.#lastId++}`;
  }

  call(request: AttemptRequest, sink: AttemptSink): RunningAttempt {
    return new RpcCall(this, request, sink);
  }

  close(options: { readonly graceMs: number }): Promise<void> {
    return this.pool.close(options);
  }

  async open(request: AttemptRequest): Promise<NetworkStream> {
    const codec = codecFor(request, this.codecs);
    const id = this.nextId();
    // Go's server reads the envelope of the first frame too, though there is no message in it.
    const opening = hasEnvelope(codec) ? wrapRequest(codec, request, { id }) : undefined;
    const { pool } = this;
    const lease = await this.#acquire(request);
    let stream: TransportStream | undefined;
    try {
      // While it waited for a connection nobody may have waited for it: then no handler begins.
      if (request.call.reason !== undefined) throw request.call.reason;
      stream = await lease.session.open();
      const header = requestHeader(request, id, true);
      if (opening !== undefined) header.setLower("content-type", sentContentType(request, codec));
      return new RpcStream(stream, {
        codec,
        header,
        request,
        id,
        opening,
        release: () => pool.release(lease, true),
      });
    } catch (error) {
      // One that was not begun would count on the session for ever.
      stream?.abort(error as Error);
      pool.release(lease, true);
      throw transportFailure(error as Error);
    }
  }

  async #acquire({ node, connectDeadline }: AttemptRequest): Promise<Lease> {
    try {
      return await this.pool.acquire(node.address, {
        metadata: node.metadata,
        deadline: connectDeadline,
        exclusive: true,
      });
    } catch (error) {
      throw transportFailure(error as Error);
    }
  }
}

/** One unary attempt. It is the message and the options of the pool too, as this is the path every call takes. */
class RpcCall implements RunningAttempt, TransportMessage, AcquireOptions {
  header!: Metadata;
  body!: Uint8Array;
  readonly #wire: RpcWire;
  readonly #request: AttemptRequest;
  readonly #sink: AttemptSink;
  #id = "";
  #codec!: Codec;
  #lease: Lease | undefined = undefined;
  #giveUp: ((reason: Error) => void) | undefined = undefined;
  #over = false;

  constructor(wire: RpcWire, request: AttemptRequest, sink: AttemptSink) {
    this.#wire = wire;
    this.#request = request;
    this.#sink = sink;
    try {
      const codec = codecFor(request, wire.codecs);
      this.#codec = codec;
      this.#id = wire.nextId();
      const payload = encodeRequest(codec, request.call.message, request.call);
      this.body = hasEnvelope(codec) ? wrapRequest(codec, request, { id: this.#id, payload }) : payload;
    } catch (error) {
      this.#end(MicroError.from(error, { id: CODEC_ID }), undefined, "ok");
      return;
    }
    try {
      const lease = wire.pool.acquire(request.node.address, this);
      if (lease instanceof Promise) this.#sendLater(lease);
      else this.#send(lease);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#request.node.metadata;
  }

  get deadline(): number {
    return this.#request.connectDeadline;
  }

  giveUp(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveUp?.(reason);
    if (this.#lease !== undefined) this.#wire.pool.release(this.#lease, true);
  }

  #sendLater(acquired: Promise<Lease>): void {
    acquired.then(
      (lease) => {
        if (this.#over) this.#wire.pool.release(lease);
        else this.#send(lease);
      },
      (error: Error) => this.#failed(error),
    );
  }

  #send(lease: Lease): void {
    this.#lease = lease;
    this.header = requestHeader(this.#request, this.#id, false);
    if (hasEnvelope(this.#codec)) {
      this.header.setLower("content-type", sentContentType(this.#request, this.#codec));
    }
    this.#giveUp = lease.session.call(this, (error, reply) => {
      if (this.#over) return;
      this.#wire.pool.release(lease, error !== undefined);
      this.#lease = undefined;
      if (reply === undefined)
        this.#failed(error ?? new Error("the transport gave neither a reply nor an error"));
      else this.#replied(reply);
    });
  }

  #replied(reply: TransportMessage): void {
    const { beside } = this.#request.call;
    if (beside !== undefined) noteSaid(reply.header, beside);
    const error = replyError(reply);
    if (error !== undefined) {
      this.#end(error, undefined, outcomeOfReply(reply.header));
      return;
    }
    let value: unknown;
    try {
      // Go names the wrong content type in a reply: it is what was asked for (spec 1.2).
      const { call } = this.#request;
      const codec = this.#codec;
      let payload = reply.body;
      if (hasEnvelope(codec)) {
        const wrapped = unwrapReply(codec, payload, call.endpoint);
        if (wrapped.error !== "") throw parseError(wrapped.error, reply.header);
        ({ payload } = wrapped);
      }
      value = decodeReply(codec, payload, call);
    } catch (failure) {
      this.#end(MicroError.from(failure), undefined, "ok");
      return;
    }
    this.#end(undefined, value, "ok");
  }

  #failed(error: Error): void {
    if (this.#over) return;
    this.#end(transportFailure(error), undefined, outcomeOfFailure(error));
  }

  #end(error: MicroError | undefined, reply: unknown, outcome: AttemptOutcome): void {
    this.#over = true;
    this.#sink.ended(error, reply, outcome);
  }
}
