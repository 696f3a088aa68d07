import type { Envelope, EnvelopeFormat } from "@micro/codec";
import type { Metadata } from "@micro/core";

const NOTHING = new Uint8Array(0);

/** Of the request, what its answers repeat. */
type Repeated = Pick<Envelope, "method" | "id" | "rawId">;

/** A call that came in an envelope, and the envelopes of its answers (spec 1.6, 1.7). */
export class CallEnvelope {
  readonly #format: EnvelopeFormat;
  readonly #request: Repeated;

  constructor(format: EnvelopeFormat, request: Repeated) {
    this.#format = format;
    this.#request = request;
  }

  /** An answer with this message. Throws a MicroError `INTERNAL` for a message that does not fit inside. */
  wrap(payload: Uint8Array): Uint8Array {
    return this.#wrap("", payload);
  }

  /** An answer with this error: it is in the body as well as in the header. */
  fail(error: string): Uint8Array {
    return this.#wrap(error, NOTHING);
  }

  /** The message in a later frame of a stream. Throws a MicroError `BAD_REQUEST`. */
  open(body: Uint8Array): Uint8Array {
    return this.#format.unwrap(body, "request").payload;
  }

  #wrap(error: string, payload: Uint8Array): Uint8Array {
    const { method, id, rawId } = this.#request;
    return this.#format.wrap({ kind: "reply", method, id, rawId, error }, payload);
  }
}

const ADDRESS_KEYS = ["micro-service", "micro-method", "micro-endpoint"] as const;

/** Whether a request follows Go's old protocol, which has no headers of its own or `Micro-Target` (spec 1.8). */
export function isLegacy(header: Metadata, endpoint: string): boolean {
  const target = either(header, "micro-target");
  if (endpoint !== "" && !target) return false;
  if (either(header, "micro-protocol")) return false;
  return target || !ADDRESS_KEYS.some((key) => either(header, key));
}

/** The old names decide what is legacy, but nothing is routed by them (spec 1.3). */
function either(header: Metadata, key: string): boolean {
  return Boolean(header.get(key) || header.get(`x-${key}`));
}
