export { Codecs } from "./codecs.ts";
export { Frame, frameSchema } from "./frame.ts";

// ---- for authors of codec plugins ----

export {
  type Codec,
  type CodecInstance,
  type Envelope,
  type EnvelopeCodec,
  type EnvelopeFormat,
  hasEnvelope,
  type Wrapped,
} from "./codec.ts";
export { codec } from "./component.ts";
export { LEGACY_ENVELOPES } from "./legacy.ts";
export { messageFromJson, messageToJson, type ProtoJsonOptions } from "./proto-json.ts";
export { type UnencodableOptions, unencodable } from "./unencodable.ts";
export { asBuffer, readUtf8 } from "./utf8.ts";
export {
  readWireFields,
  visitWireFields,
  type WireField,
  WireType,
  wireInt32,
  wireText,
} from "./wire-fields.ts";
