import { MicroError } from "@micro/core";
import type { Codec } from "./codec.ts";

/** The codecs of one service, by content type. */
export class Codecs {
  readonly #byContentType = new Map<string, Codec>();

  /** Throws a MicroError `CONFLICT` when two codecs claim one content type. */
  constructor(codecs: readonly Codec[]) {
    for (const codec of codecs) {
      for (const contentType of codec.contentTypes) {
        const other = this.#byContentType.get(contentType);
        if (other !== undefined) {
          throw new MicroError({
            code: "CONFLICT",
            detail: `codecs '${other.name}' and '${codec.name}' both claim content type '${contentType}': list one of them`,
          });
        }
        this.#byContentType.set(contentType, codec);
      }
    }
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
}
