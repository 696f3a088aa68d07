import { createHmac, hkdfSync, randomBytes } from "node:crypto";

const TOKEN_BYTES = 16;
/** Smallest and largest of these datagrams (RFC 9000, 10.3): they look like any other short packet. */
const SMALLEST = 21;
const LARGEST = 43;

/**
 * Stateless resets (RFC 9000, 10.3). A server that was restarted knows nothing of the connections of its predecessor;
 * with this it can prove to their clients that it is the same server, so that they connect anew at once instead of
 * waiting for an answer. The proof comes from the certificate's private key: who makes a new certificate at each start
 * has none.
 */
export class ResetTokens {
  readonly #key: Buffer;

  /** `privateKey` is PEM. */
  constructor(privateKey: string) {
    this.#key = Buffer.from(hkdfSync("sha256", privateKey, "", "micro quic stateless reset", 32));
  }

  /** The token of a connection, as clients are told of it when they connect. */
  of(scid: Uint8Array): bigint {
    return BigInt(`0x${this.#token(scid).toString("hex")}`);
  }

  /** The answer to a packet of `length` bytes for a connection that nobody knows here; undefined when it is too short to be answered. */
  answer(scid: Uint8Array, length: number): Buffer | undefined {
    // Always shorter than what it answers, or two servers could keep each other busy for ever.
    const size = Math.min(length - 1, LARGEST);
    if (size < SMALLEST) return undefined;
    const bytes = Buffer.concat([randomBytes(size - TOKEN_BYTES), this.#token(scid)]);
    bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
    return bytes;
  }

  #token(scid: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(scid).digest().subarray(0, TOKEN_BYTES);
  }
}
