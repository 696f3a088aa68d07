import { type AttemptRequest, CODEC_ID, clientError } from "@micro/client";
import { type Codec, type Codecs, type EnvelopeCodec, LEGACY_ENVELOPES, type Wrapped } from "@micro/codec";
import { MicroError } from "@micro/core";
import { isMessageType } from "@micro/core/message";

const BYTES = "application/octet-stream";
const NOTHING = new Uint8Array(0);

/** Which package brings the codec of an envelope. */
const PACKAGES: Readonly<Record<string, string>> = {
  "application/json-rpc": "jsonrpcCodec of @micro/codec-jsonrpc",
  "application/proto-rpc": "protorpcCodec of @micro/codec-protorpc",
};

/**
 * The codec in which a node is spoken to. A node that names no protocol is an old peer of Go, which wants envelopes
 * (spec 1.8). Throws a MicroError that was not sent: `UNIMPLEMENTED` for a node that this wire cannot speak to,
 * `BAD_REQUEST` for a content type without a codec.
 */
export function codecFor({ call, node, contentType }: AttemptRequest, codecs: Codecs): Codec {
  const { protocol } = node.metadata;
  if (protocol === "mucp") return codecs.get(contentType);
  const who = `node ${node.id} (${node.address})`;
  if (protocol) {
    throw clientError("UNIMPLEMENTED", `${who} speaks ${protocol}: use a client plugin for it`, {
      notSent: true,
    });
  }
  const envelope = LEGACY_ENVELOPES.get(contentType);
  // Go puts messages that it sends as bytes in an envelope, and bytes themselves as they are.
  const verbatim = contentType === BYTES && !isMessageType(call.shape.input);
  if (envelope === undefined || verbatim) return codecs.get(contentType);
  const codec = codecs.find(envelope);
  if (codec !== undefined) return codec;
  const detail = `${who} names no protocol in its metadata: it is an old Go Micro peer that takes ${contentType} as ${envelope}, which no listed codec serves: list ${PACKAGES[envelope]}`;
  throw clientError("UNIMPLEMENTED", detail, { notSent: true });
}

/** The content type that a request of `codec` names (spec 1.8): bytes keep their own, though they go as proto-rpc. */
export function sentContentType({ contentType }: AttemptRequest, codec: Codec): string {
  if (contentType === BYTES) return contentType;
  return codec.contentTypes.includes(contentType) ? contentType : (codec.contentTypes[0] ?? contentType);
}

/** A request in its envelope (spec 1.6, 1.7). Throws a MicroError that was not sent. */
export function wrapRequest(
  { envelope }: EnvelopeCodec,
  { call }: AttemptRequest,
  { id, payload = NOTHING }: { readonly id: string; readonly payload?: Uint8Array },
): Uint8Array {
  try {
    return envelope.wrap({ kind: "request", method: call.endpoint, id, error: "" }, payload);
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw clientError("BAD_REQUEST", `request of ${call.label}: ${detail}`, { notSent: true, cause });
  }
}

/** A reply without its envelope. Throws a MicroError `INTERNAL` for what is none. */
export function unwrapReply({ envelope }: EnvelopeCodec, body: Uint8Array, endpoint: string): Wrapped {
  try {
    return envelope.unwrap(body, "reply");
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw new MicroError({
      id: CODEC_ID,
      code: "INTERNAL",
      detail: `reply of ${endpoint}: ${detail}`,
      cause,
    });
  }
}
