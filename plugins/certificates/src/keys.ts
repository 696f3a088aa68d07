import { generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";

/** Kinds of keys: ECDSA on P-256, Ed25519, RSA of 2048 bits. */
export const KEY_TYPES = ["ecdsa", "ed25519", "rsa"] as const;

/** One of {@link KEY_TYPES}. */
export type KeyType = (typeof KEY_TYPES)[number];

/** Both halves of a key. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** A new key; RSA takes some 100 ms of another thread, the others less than one. */
export async function newKeyPair(type: KeyType): Promise<KeyPair> {
  switch (type) {
    case "ecdsa":
      return await generate("ec", { namedCurve: "P-256" });
    case "ed25519":
      return await generate("ed25519");
    case "rsa":
      return await generate("rsa", { modulusLength: 2048 });
  }
}

/** How a key signs certificates: the algorithm's identifier (RFC 5758, 8410, 4055) and the signature itself. */
export interface Signer {
  readonly oid: string;
  /** RSA's identifiers carry a NULL, the others nothing. */
  readonly nullParameters: boolean;
  sign(data: Uint8Array): Uint8Array;
}

/** Undefined for a key of another kind. ECDSA keys of other curves sign with SHA-256 too. */
export function signerOf(key: KeyObject): Signer | undefined {
  switch (key.asymmetricKeyType) {
    case "ec":
      return {
        oid: "1.2.840.10045.4.3.2",
        nullParameters: false,
        sign: (data) => sign("sha256", data, key),
      };
    case "ed25519":
      return { oid: "1.3.101.112", nullParameters: false, sign: (data) => sign(null, data, key) };
    case "rsa":
      return {
        oid: "1.2.840.113549.1.1.11",
        nullParameters: true,
        sign: (data) => sign("sha256", data, key),
      };
    default:
      return undefined;
  }
}
