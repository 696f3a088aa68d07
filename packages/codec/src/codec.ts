import type { StandardSchema } from "@micro/core";

/** Turns messages into bytes and back, for some content types. */
export interface Codec {
  /** Plugin name: `json`. */
  readonly name: string;
  /** Content types it serves, exact and lower case: `application/json`. */
  readonly contentTypes: readonly string[];
  /**
   * True when message types (`@micro/core/message`) decide what its bytes mean: then `decode` with one gives a complete
   * and checked message, and `encode` with one takes what `create` of the type takes. A codec without it writes and
   * reads plain values, which the caller checks.
   */
  readonly typed?: boolean;
  /**
   * Bytes that are the receiver's: no later call changes them. Undefined is the empty message. `schema` is what the
   * contract says of the value, if it says anything. Throws a MicroError `INTERNAL` for a value this content type cannot
   * carry; of a message type, its detail names the path.
   */
  encode(value: unknown, schema?: StandardSchema): Uint8Array;
  /**
   * Throws a MicroError `BAD_REQUEST` for bytes that are none of its messages. An empty body gives the empty
   * message of the content type: undefined where it has none (JSON), else no bytes, no text, a message of defaults.
   */
  decode(bytes: Uint8Array, schema?: StandardSchema): unknown;
  /**
   * Called once, before any message, with the codecs of the service: messages of one content type may hold bytes of
   * another, as an Any in JSON holds protobuf.
   */
  attach?(siblings: { find(contentType: string): Codec | undefined }): void;
}

/** What an envelope says of the message inside it. */
export interface Envelope {
  readonly kind: "request" | "reply";
  /** `Greeter.Hello`; empty when it says none. */
  readonly method: string;
  /** Matches a reply to its request; empty when it says none. */
  readonly id: string;
  /** The id in the format's own notation where `id` may lose something: a reply repeats it verbatim. */
  readonly rawId?: string | undefined;
  /** Of a reply: Go Micro's error text (spec 1.11); empty when the call went well. */
  readonly error: string;
}

/** An envelope with the message inside it, still in bytes. */
export interface Wrapped extends Envelope {
  readonly payload: Uint8Array;
}

/** How calls travel inside an envelope: method, id and error are in the body (spec 1.6, 1.7). Events have no envelope. */
export interface EnvelopeFormat {
  /** Plugin name: `jsonrpc`. */
  readonly name: string;
  /** Each content type it serves, with the content type of what is inside: another codec reads and writes that. */
  readonly payloads: Readonly<Record<string, string>>;
  /**
   * Those of its content types inside which Go reads message types as plain structs and not as proto3 JSON: they are
   * written like that; what comes in may be either (spec 1.5). @default []
   */
  readonly structJson?: readonly string[];
  /** An error reply has no payload. Throws a MicroError `INTERNAL` for a payload that does not fit inside. */
  wrap(envelope: Envelope, payload: Uint8Array): Uint8Array;
  /**
   * The payload is a part of `bytes`, and empty where the envelope holds no message. Throws a MicroError `BAD_REQUEST`
   * for bytes that are no envelope of the kind.
   */
  unwrap(bytes: Uint8Array, kind: Envelope["kind"]): Wrapped;
}

/** What a codec plugin makes. */
export type CodecInstance = Codec | EnvelopeFormat;

/** A codec with an envelope around its calls; `encode` and `decode` are those of the payload, and of events. */
export interface EnvelopeCodec extends Codec {
  readonly envelope: EnvelopeFormat;
}

/** True for a codec whose calls travel in an envelope. */
export function hasEnvelope(codec: Codec): codec is EnvelopeCodec {
  return "envelope" in codec;
}
