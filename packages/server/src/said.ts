import { type Logger, Metadata, type ReplyMetadataSink } from "@micro/core";

const LEGAL_KEY = /^[0-9a-z_.-]+$/;
/** Control characters, which no header can carry. */
const ILLEGAL_VALUE = /\p{Cc}/u;

/** Who logs what is wrong with it; a logger is made on first use. */
interface SaidOwner {
  readonly logger: Logger;
}

/** What a handler says beside its reply. Made for the calls whose handler says something. */
export class Said {
  #header: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #headerTold = false;
  #trailerTold = false;

  get header(): Metadata {
    this.#header ??= new Metadata();
    return this.#header;
  }

  get trailer(): Metadata {
    this.#trailer ??= new Metadata();
    return this.#trailer;
  }

  /** The first message leaves, or the end comes. Only the first of these counts. */
  tellHeader(sink: ReplyMetadataSink, owner: SaidOwner): void {
    if (this.#headerTold) return;
    this.#headerTold = true;
    const header = sendable(this.#header, owner);
    if (header !== undefined) sink.onReplyHeader?.(header);
  }

  /** The end comes. */
  tellEnd(sink: ReplyMetadataSink, owner: SaidOwner): void {
    this.tellHeader(sink, owner);
    if (this.#trailerTold) return;
    this.#trailerTold = true;
    const trailer = sendable(this.#trailer, owner);
    if (trailer !== undefined) sink.onReplyTrailer?.(trailer);
  }
}

/**
 * A copy without what describes one hop, and without what some wire could not carry: a handler's mistake there does not
 * cost the caller its reply. Undefined when nothing is left.
 */
function sendable(said: Metadata | undefined, owner: SaidOwner): Metadata | undefined {
  if (said === undefined) return undefined;
  const own = said.forwarded();
  for (let at = own.size - 1; at >= 0; at--) {
    const key = own.keyAt(at);
    if (LEGAL_KEY.test(key) && !ILLEGAL_VALUE.test(own.valueAt(at))) continue;
    own.delete(key);
    owner.logger.error(
      `metadata '${key}' of a reply is left out: keys are letters, digits, '-', '_' and '.', values have no control characters`,
    );
  }
  return own.size === 0 ? undefined : own;
}
