import { asBuffer, type EnvelopeFormat, unencodable } from "@micro/codec";
import { MicroError } from "@micro/core";

const CONTENT_TYPE = "application/grpc";
/** One byte that says whether the message is compressed, four for its length. */
const HEAD_BYTES = 5;
const MAX_LENGTH = 0xffff_ffff;
const NOTHING = new Uint8Array(0);

/** A gRPC frame around each message. Method, id and error are in headers alone (spec 1.5). */
export const grpcFrames: EnvelopeFormat = {
  name: "grpc",
  payloads: {
    [CONTENT_TYPE]: "application/protobuf",
    "application/grpc+proto": "application/protobuf",
    "application/grpc+json": "application/json",
  },
  structJson: ["application/grpc+json"],
  wrap(envelope, payload) {
    if (envelope.error !== "") return NOTHING;
    if (payload.length > MAX_LENGTH) {
      throw unencodable(CONTENT_TYPE, payload, { carries: "up to 4 GiB", hint: "send less at once" });
    }
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(payload.length, 1);
    return Buffer.concat([head, payload]);
  },
  unwrap(bytes, kind) {
    return { kind, method: "", id: "", error: "", payload: messageIn(bytes) };
  },
};

function messageIn(bytes: Uint8Array): Uint8Array {
  // Go writes no frame around a message without fields.
  if (bytes.length === 0) return NOTHING;
  const there = bytes.length - HEAD_BYTES;
  if (there < 0) throw refused(`${bytes.length} bytes are less than the ${HEAD_BYTES} of a frame's head`);
  const [flag = 0] = bytes;
  if (flag !== 0) throw refused(`the message is compressed (${flag}): send it as it is`);
  const announced = asBuffer(bytes).readUInt32BE(1);
  if (announced !== there) throw refused(`the frame announces ${announced} bytes, and ${there} are there`);
  return bytes.subarray(HEAD_BYTES);
}

function refused(what: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `${CONTENT_TYPE} body: ${what}` });
}
