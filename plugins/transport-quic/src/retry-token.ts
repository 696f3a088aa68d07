import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const MAC_BYTES = 16;
const TIME_BYTES = 6;
/** A client sends its token back at once. */
const LIFE_MS = 10_000;

/** What a token is bound to: whoever sends it back has received it there. */
export interface TokenBinding {
  /** Address of the client, `host:port`. */
  readonly remote: string;
  /** Connection id that the client is to use from now on. */
  readonly scid: Uint8Array;
}

/**
 * Tokens of Retry packets (RFC 9000, 8.1.2). A listener keeps nothing of a client that has not shown that it receives
 * what is sent to its address: whoever writes others' addresses on packets costs it no memory.
 */
export class RetryTokens {
  readonly #key = randomBytes(32);

  /** A token that carries `odcid`, the id that the client's first packet was for. */
  mint(odcid: Uint8Array, binding: TokenBinding): Buffer {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(Date.now(), 0, TIME_BYTES);
    const text = Buffer.concat([time, odcid]);
    return Buffer.concat([this.#mac(text, binding), text]);
  }

  /** The `odcid` of a token of ours that is not too old; undefined for any other. */
  open(token: Uint8Array, binding: TokenBinding): Uint8Array | undefined {
    if (token.length <= MAC_BYTES + TIME_BYTES) return undefined;
    const buffer = Buffer.from(token);
    const text = buffer.subarray(MAC_BYTES);
    if (!timingSafeEqual(buffer.subarray(0, MAC_BYTES), this.#mac(text, binding))) return undefined;
    const age = Date.now() - text.readUIntBE(0, TIME_BYTES);
    return age >= 0 && age <= LIFE_MS ? text.subarray(TIME_BYTES) : undefined;
  }

  #mac(text: Uint8Array, { remote, scid }: TokenBinding): Buffer {
    const mac = createHmac("sha256", this.#key).update(text).update(scid).update(remote);
    return mac.digest().subarray(0, MAC_BYTES);
  }
}
