import type { Logger, Metadata } from "@micro/core";
import type { CallOptions } from "./client.ts";

/** Who logs what a caller's function throws. */
interface BesideOwner {
  readonly logger: Logger;
}

/**
 * What comes beside the reply, for a caller that wants to know. The wire writes it down when it comes; the caller is told
 * of the attempt whose outcome it gets, before it gets it.
 */
export class Beside {
  readonly #options: CallOptions;
  readonly #owner: BesideOwner;
  #header: Metadata | undefined = undefined;
  #trailer: Metadata | undefined = undefined;
  #headerTold = false;
  #trailerTold = false;

  constructor(options: CallOptions, owner: BesideOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** The header of the reply has come; an empty one is none. */
  header(metadata: Metadata): void {
    this.#header = metadata;
  }

  /** The trailer has come; an empty one is none. */
  trailer(metadata: Metadata): void {
    this.#trailer = metadata;
  }

  /** Another attempt begins: what the last one said is nobody's business. */
  forget(): void {
    this.#header = undefined;
    this.#trailer = undefined;
  }

  /** The caller is about to get a message. */
  tellHeader(): void {
    const header = this.#header;
    if (this.#headerTold || header === undefined || header.size === 0) return;
    this.#headerTold = true;
    this.#tell("onHeader", header);
  }

  /** The caller is about to get the end: a reply, an error, or the end of a stream. */
  tellEnd(): void {
    this.tellHeader();
    const trailer = this.#trailer;
    if (this.#trailerTold || trailer === undefined || trailer.size === 0) return;
    this.#trailerTold = true;
    this.#tell("onTrailer", trailer);
  }

  #tell(name: "onHeader" | "onTrailer", metadata: Metadata): void {
    try {
      this.#options[name]?.(metadata);
    } catch (error) {
      // The call goes on: its outcome does not depend on who listens.
      this.#owner.logger.error(`${name} of a call has thrown`, { error });
    }
  }
}

/** For the calls whose caller wants to know. */
export function besideOf(options: CallOptions, owner: BesideOwner): Beside | undefined {
  return options.onHeader === undefined && options.onTrailer === undefined
    ? undefined
    : new Beside(options, owner);
}
