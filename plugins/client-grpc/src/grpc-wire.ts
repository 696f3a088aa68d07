import {
  type AttemptRequest,
  type AttemptSink,
  type CallShape,
  type ClientCall,
  type ClientWire,
  clientError,
  DEFAULT_CONTENT_TYPE,
  type MessageCodec,
  type NetworkStream,
  type RunningAttempt,
  type TargetNode,
} from "@micro/client";
import { asBuffer, type Codecs } from "@micro/codec";
import type { MicroError } from "@micro/core";
import { isMessageType } from "@micro/core/message";
import { CONTENT_TYPES, wireTypeOf } from "./content-type.ts";
import { GrpcCall } from "./grpc-call.ts";
import { openStream } from "./grpc-stream.ts";
import type { ConnectionPool } from "./pool.ts";

const PROTOBUF = "application/protobuf";

/** What a {@link GrpcWire} is made of. */
export interface GrpcWireOptions {
  readonly codecs: Codecs;
  readonly pool: ConnectionPool;
  /** Largest request before compression. */
  readonly maxSendBytes: number;
  /** Whether requests are compressed: their order then depends on waiting for each. */
  readonly compresses: boolean;
}

/** How the messages of one call are written. */
export interface Prepared {
  readonly codec: MessageCodec;
  readonly contentType: string;
}

/** The wire of a gRPC client (spec 2.1 to 2.3). */
export class GrpcWire implements ClientWire {
  readonly addressMetadata = { protocol: "grpc" };
  readonly pool: ConnectionPool;
  readonly compresses: boolean;
  readonly #codecs: Codecs;
  readonly #maxSendBytes: number;

  constructor({ codecs, pool, maxSendBytes, compresses }: GrpcWireOptions) {
    this.#codecs = codecs;
    this.pool = pool;
    this.compresses = compresses;
    this.#maxSendBytes = maxSendBytes;
  }

  /** Standard servers take protobuf only, so that is what methods of message types are called in where it can be written. */
  contentTypeOf({ input }: CallShape): string {
    const proto = isMessageType(input) && this.#codecs.find(PROTOBUF) !== undefined;
    return proto ? PROTOBUF : DEFAULT_CONTENT_TYPE;
  }

  call(request: AttemptRequest, sink: AttemptSink): RunningAttempt {
    return new GrpcCall(this, request, sink);
  }

  open(request: AttemptRequest): Promise<NetworkStream> {
    return openStream(this, request);
  }

  close(options: { readonly graceMs: number }): Promise<void> {
    return this.pool.close(options);
  }

  /** Throws a MicroError that was not sent: for a node of another protocol, and for a content type without a codec. */
  prepare({ node, contentType }: AttemptRequest): Prepared {
    if (node.metadata.protocol !== "grpc") throw peerProblem(node);
    const type = wireTypeOf(contentType);
    if (type !== undefined) {
      return { codec: this.#codecs.get(type.codecType), contentType: type.contentType };
    }
    throw clientError(
      "BAD_REQUEST",
      `gRPC has no form of content type '${contentType}': give one of ${CONTENT_TYPES.join(", ")}`,
      { notSent: true },
    );
  }

  /** The message as grpc-js takes it. Throws a MicroError `RESOURCE_EXHAUSTED` that was not sent. */
  checked(body: Uint8Array, call: ClientCall): Buffer {
    if (body.length <= this.#maxSendBytes) return asBuffer(body);
    throw clientError(
      "RESOURCE_EXHAUSTED",
      `${call.label}: a message of ${body.length} bytes is larger than client.max_send_message_size (${this.#maxSendBytes})`,
      { notSent: true },
    );
  }
}

/** Why a node cannot be spoken to. */
function peerProblem({ id, address, metadata: { protocol } }: TargetNode): MicroError {
  const who = `node ${id} (${address})`;
  const detail =
    protocol === undefined
      ? `${who} names no protocol in its metadata, so it is no gRPC server`
      : `${who} speaks ${protocol}: use a client plugin for it`;
  return clientError("UNIMPLEMENTED", detail, { notSent: true });
}
