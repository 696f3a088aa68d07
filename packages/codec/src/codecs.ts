import { MicroError } from "@micro/core";
import { isMessageType } from "@micro/core/message";
import type { Codec, CodecInstance, EnvelopeCodec, EnvelopeFormat } from "./codec.ts";
import { Frame, isFrameSchema } from "./frame.ts";
import { messageToStructJson } from "./struct-json.ts";

/** The codecs of one service, by content type. Each of them takes and gives a {@link Frame} as it is. */
export class Codecs {
  readonly #byContentType = new Map<string, Codec>();

  /**
   * Throws a MicroError `CONFLICT` when two codecs claim one content type, and `PRECONDITION_FAILED` when nothing
   * serves what is inside an envelope.
   */
  constructor(instances: readonly CodecInstance[]) {
    for (const instance of instances) {
      if (isFormat(instance)) continue;
      for (const contentType of instance.contentTypes) this.#add(contentType, withFrames(instance));
    }
    for (const instance of instances) {
      if (!isFormat(instance)) continue;
      for (const [contentType, payload] of Object.entries(instance.payloads)) {
        this.#add(contentType, joined(instance, contentType, this.#payload(instance, contentType, payload)));
      }
    }
    for (const instance of instances) if (!isFormat(instance)) instance.attach?.(this);
  }

  /** All content types that can be read and written. */
  get contentTypes(): readonly string[] {
    return [...this.#byContentType.keys()];
  }

  /** The match is exact, parameters included, as in Go Micro (spec 1.3). */
  find(contentType: string): Codec | undefined {
    return this.#byContentType.get(contentType);
  }

  /** Throws a MicroError `BAD_REQUEST` that lists what there is. */
  get(contentType: string): Codec {
    const codec = this.#byContentType.get(contentType);
    if (codec !== undefined) return codec;
    throw new MicroError({
      code: "BAD_REQUEST",
      detail: `no codec for content type '${contentType}'; this service has ${this.contentTypes.join(", ") || "none"}: list a codec plugin for it`,
    });
  }

  #add(contentType: string, codec: Codec): void {
    const other = this.#byContentType.get(contentType);
    if (other !== undefined) {
      throw new MicroError({
        code: "CONFLICT",
        detail: `codecs '${other.name}' and '${codec.name}' both claim content type '${contentType}': list one of them`,
      });
    }
    this.#byContentType.set(contentType, codec);
  }

  #payload(format: EnvelopeFormat, contentType: string, payload: string): Codec {
    const codec = this.#byContentType.get(payload);
    if (codec !== undefined) return codec;
    throw new MicroError({
      code: "PRECONDITION_FAILED",
      detail: `codec '${format.name}': ${contentType} carries ${payload}, which no listed codec serves: list a codec plugin for it too`,
    });
  }
}

function isFormat(instance: CodecInstance): instance is EnvelopeFormat {
  return "wrap" in instance;
}

/** The same codec, past which frames go. */
function withFrames(codec: Codec): Codec {
  return {
    name: codec.name,
    contentTypes: codec.contentTypes,
    typed: codec.typed ?? false,
    encode: (value, schema) => (Frame.is(value) ? value.bytes : codec.encode(value, schema)),
    decode: (bytes, schema) => (isFrameSchema(schema) ? new Frame(bytes) : codec.decode(bytes, schema)),
  };
}

/** The payload's codec under the name and content type of the envelope. */
function joined(format: EnvelopeFormat, contentType: string, payload: Codec): EnvelopeCodec {
  const structs = format.structJson?.includes(contentType) === true;
  return {
    name: format.name,
    contentTypes: [contentType],
    typed: payload.typed ?? false,
    envelope: format,
    encode: (value, schema) =>
      structs && isMessageType(schema) && !Frame.is(value)
        ? payload.encode(messageToStructJson(schema, value ?? {}))
        : payload.encode(value, schema),
    decode: (bytes, schema) => payload.decode(bytes, schema),
  };
}
