import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { MicroError, type OptionsOutput, option, readTlsMaterial } from "@micro/core";
import { SERVER_ID, transportTlsOptions } from "@micro/transport";
import type { QuicConnectOptions } from "./driver.ts";

const tlsOptions = {
  ...transportTlsOptions,
  trustAnnounced: option.boolean({
    description:
      "Without `ca`, clients trust the certificate whose fingerprint a node announces in the registry",
    default: true,
  }),
} as const;

/** The `tls` section: what files and flags can say. */
export const tlsSection = option.object(tlsOptions, { description: "Certificates of connections" });

/** Key of node metadata for the SHA-256 fingerprint of a certificate that the server made itself. */
export const FINGERPRINT_KEY = "micro-quic-certificate";

/** Checked options of both sides. */
export interface TlsSettings {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
  readonly requestCert: boolean;
  readonly trustAnnounced: boolean;
}

/** Reads the files that the section names. Throws `BAD_REQUEST` for what cannot be read or does not fit together. */
export async function readTls(section: OptionsOutput<typeof tlsOptions> | undefined): Promise<TlsSettings> {
  const material = await readTlsMaterial(section, "transport.tls");
  const { requestCert = false, insecureSkipVerify = false, trustAnnounced = true } = section ?? {};
  if (requestCert && material.ca === undefined) {
    throw bad("request_cert needs tls.ca or tls.ca_file: who signs the certificates of clients");
  }
  const { cert } = material;
  const key = material.key === undefined ? undefined : openKey(material.key, section?.passphrase);
  // QUIC implementations find that out with the first client only.
  if (
    cert !== undefined &&
    key !== undefined &&
    !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  ) {
    throw bad("key is not the key of transport.tls.cert");
  }
  return {
    ca: material.ca,
    cert,
    key,
    serverName: section?.serverName,
    insecureSkipVerify,
    requestCert,
    trustAnnounced,
  };
}

/** The key without encryption, which QUIC implementations do not open themselves. */
function openKey(key: string, passphrase: string | undefined): string {
  try {
    const opened = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
    return opened.export({ type: "pkcs8", format: "pem" }).toString();
  } catch (cause) {
    throw bad(
      `key cannot be opened: ${MicroError.from(cause).detail} (tls.passphrase opens an encrypted one)`,
      cause,
    );
  }
}

/** How the certificate of a node is checked. */
export function verification(
  { ca, insecureSkipVerify, trustAnnounced }: TlsSettings,
  metadata: Readonly<Record<string, string>>,
): QuicConnectOptions["verify"] {
  if (insecureSkipVerify) return "none";
  const fingerprint = metadata[FINGERPRINT_KEY];
  // Whoever names authorities wants these and no announcement of anybody.
  return ca === undefined && trustAnnounced && fingerprint !== undefined ? { fingerprint } : "ca";
}

/** A certificate made on the fly, for `address` and nobody's authority. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
  readonly fingerprint: string;
}

/**
 * Makes one. It is never renewed: clients trust the fingerprint that the registry tells, and as in RFC 7671, 5.1, then
 * not the dates of the certificate; another one would be refused by all who have read the announcement. Rejects with `BAD_REQUEST` where
 * `@micro/certificates` is not installed.
 */
export async function makeCertificate(address: string): Promise<OwnCertificate> {
  let certificates: typeof import("@micro/certificates");
  try {
    certificates = await import("@micro/certificates");
  } catch (cause) {
    const detail =
      "cert and transport.tls.key (or cert_file and key_file) are not set, and @micro/certificates is not installed, which makes one: npm install @micro/certificates";
    throw bad(detail, cause);
  }
  return certificates.selfSignedCertificate({ hosts: certificates.hostsOfAddress(address) });
}

/** The host that is dialled, and the name that its certificate must have. */
export function serverNameOf(tls: TlsSettings, host: string): string {
  return tls.serverName ?? (isIP(host) === 0 ? host.replace(/\.$/, "") : host);
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", id: SERVER_ID, detail: `transport.tls.${detail}`, cause });
}
