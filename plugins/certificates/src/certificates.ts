import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { MicroError } from "@micro/core";
import { checkHosts } from "./hosts.ts";
import { KEY_TYPES, type KeyType, newKeyPair, type Signer, signerOf } from "./keys.ts";
import { type Issuer, signCertificate, type Usage } from "./x509.ts";

/** What every new certificate can be told. */
export interface AuthorityOptions {
  /** Who it belongs to, at most 64 characters. @default "Micro" */
  readonly organization?: string;
  /** Kind of its key: ECDSA on P-256, Ed25519 (which browsers and BoringSSL refuse) or RSA of 2048 bits. @default "ecdsa" */
  readonly keyType?: KeyType;
  /** Days that it is valid, 1 to 36500. @default 3650 for an authority, 365 for others */
  readonly validDays?: number;
}

/** What a certificate of a server or client can be told. */
export interface CertificateOptions extends AuthorityOptions {
  /** DNS names, `*.` and a name, IP addresses: what the owner is dialled by. Clients alone need none. */
  readonly hosts: readonly string[];
  /** What it may be shown for. @default ["server"] */
  readonly usages?: readonly Usage[];
}

/** A certificate with its key. All texts are PEM, and fit as they are into the options of `node:tls`. */
export interface IssuedCertificate {
  readonly cert: string;
  /** PKCS #8, not encrypted. */
  readonly key: string;
  /** What peers must trust: the certificate of the authority, or of a self-signed one itself. */
  readonly ca: string;
  /** SHA-256 of the certificate, as hexadecimal bytes with colons. */
  readonly fingerprint: string;
  readonly validUntil: Date;
}

/** Signs certificates for development and tests; those who trust `cert` trust all of them. */
export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  /** Its own key, PEM: PKCS #8, not encrypted. */
  readonly key: string;
  readonly validUntil: Date;
  /**
   * Makes a key and signs a certificate for it, which is valid no longer than the authority's own.
   * Rejects with `BAD_REQUEST` for what no certificate can say, and when the authority's own is not valid any more.
   */
  issue(options: CertificateOptions): Promise<IssuedCertificate>;
}

/**
 * Makes a key and a certificate that it has signed itself, for `hosts`. It can sign no others: to trust it is to trust
 * this one key. Rejects with `BAD_REQUEST` for what no certificate can say.
 */
export async function selfSignedCertificate(options: CertificateOptions): Promise<IssuedCertificate> {
  return await makeCertificate(options, undefined);
}

/** Makes a new authority. Rejects with `BAD_REQUEST` for what no certificate can say. */
export async function createAuthority(options: AuthorityOptions = {}): Promise<CertificateAuthority> {
  const { organization, keyType, ...validity } = checked(options, 3650);
  const { publicKey, privateKey } = await newKeyPair(keyType);
  const signer = mustSign(privateKey);
  const subject = { organization, commonName: `${organization.slice(0, 40)} development CA` };
  const content = { subject, publicKey, ...validity, leaf: undefined };
  return authority(pemOf(signCertificate(content, { signer, certificate: undefined })), privateKey);
}

/**
 * Takes up an authority again from its certificate and key, PEM. Throws `BAD_REQUEST` when they are no authority's, do
 * not belong together, or the certificate is not valid now.
 */
export function openAuthority({
  cert,
  key,
}: {
  readonly cert: string;
  readonly key: string;
}): CertificateAuthority {
  const certificate = read("cert", () => new X509Certificate(cert));
  const privateKey = read("key", () => createPrivateKey(key));
  if (!certificate.ca) throw bad("cert is not that of an authority (basicConstraints CA:TRUE)");
  if (!certificate.checkPrivateKey(privateKey)) throw bad("key is not the key of cert");
  const { validFrom, validTo } = certificate;
  if (Date.now() < Date.parse(validFrom) || Date.now() > Date.parse(validTo)) {
    throw bad(`cert is valid from ${validFrom} to ${validTo} only: make a new authority`);
  }
  return authority(certificate.toString(), privateKey);
}

function authority(cert: string, privateKey: KeyObject): CertificateAuthority {
  const certificate = new X509Certificate(cert);
  const issuer = {
    signer: mustSign(privateKey),
    certificate: certificate.raw,
    validUntil: new Date(certificate.validTo),
  };
  return {
    cert,
    key: keyText(privateKey),
    validUntil: issuer.validUntil,
    issue: (options) => makeCertificate(options, { ...issuer, ca: cert }),
  };
}

interface Parent {
  readonly signer: Signer;
  readonly certificate: Uint8Array;
  readonly validUntil: Date;
  /** PEM. */
  readonly ca: string;
}

async function makeCertificate(
  options: CertificateOptions,
  parent: Parent | undefined,
): Promise<IssuedCertificate> {
  const { organization, keyType, notBefore, notAfter } = checked(options, 365);
  const usages = [...new Set(options.usages ?? ["server" as const])];
  if (usages.length === 0 || usages.some((usage) => usage !== "server" && usage !== "client")) {
    throw bad(`usages must name "server", "client" or both`);
  }
  const needsHosts = usages.includes("server") || options.hosts.length > 0;
  const hosts = needsHosts ? checkHosts(options.hosts) : [];
  if (parent !== undefined && parent.validUntil.getTime() <= Date.now()) {
    throw bad(
      `the authority's own was valid until ${parent.validUntil.toISOString()}: make a new authority, and let peers trust it`,
    );
  }
  const { publicKey, privateKey } = await newKeyPair(keyType);
  const issuer: Issuer = parent ?? { signer: mustSign(privateKey), certificate: undefined };
  const end = parent !== undefined && parent.validUntil < notAfter ? parent.validUntil : notAfter;
  const content = { subject: { organization }, publicKey, notBefore, notAfter: end, leaf: { hosts, usages } };
  const certificate = new X509Certificate(signCertificate(content, issuer));
  const cert = certificate.toString();
  return {
    cert,
    key: keyText(privateKey),
    ca: parent?.ca ?? cert,
    fingerprint: certificate.fingerprint256,
    validUntil: end,
  };
}

/** The clocks of peers may be behind by this much. */
const CLOCK_SKEW_MS = 5 * 60_000;
const DAY_MS = 86_400_000;

function checked(options: AuthorityOptions, defaultDays: number) {
  const { organization = "Micro", keyType = "ecdsa", validDays = defaultDays } = options;
  if (organization === "" || organization.length > 64) {
    throw bad(`organization must have 1 to 64 characters, it has ${organization.length}`);
  }
  if (!KEY_TYPES.includes(keyType)) {
    throw bad(`keyType ${JSON.stringify(keyType)} is unknown: one of ${KEY_TYPES.join(", ")} is expected`);
  }
  if (!(validDays >= 1 && validDays <= 36_500)) {
    throw bad(`validDays must be 1 to 36500, it is ${validDays}`);
  }
  // Certificates know whole seconds.
  const now = Math.floor(Date.now() / 1000) * 1000;
  return {
    organization,
    keyType,
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + validDays * DAY_MS),
  };
}

function mustSign(key: KeyObject): Signer {
  const signer = signerOf(key);
  if (signer === undefined) {
    throw bad(`a key of type ${key.asymmetricKeyType} cannot sign here: ECDSA, Ed25519 and RSA keys can`);
  }
  return signer;
}

const pemOf = (der: Uint8Array): string => new X509Certificate(der).toString();
const keyText = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

function read<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw bad(`${what} cannot be read as PEM: ${MicroError.from(cause).detail}`, cause);
  }
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `certificate: ${detail}`, cause });
}
