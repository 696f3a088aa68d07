import type { Logger } from "@micro/core";
import { SERVER_ID, transportError } from "@micro/transport";

/** What {@link ownCertificate} takes. */
export interface OwnCertificateOptions {
  readonly logger: Logger;
  /** Loads the package that makes certificates. @default imports it */
  readonly load?: () => Promise<typeof import("@micro/certificates")>;
}

/**
 * A certificate and its key for a listener that has none, signed by itself as Go's is (spec 1.13). Rejects with
 * `BAD_REQUEST` where the package that makes them is not installed.
 */
export async function ownCertificate(
  address: string,
  { logger, load = () => import("@micro/certificates") }: OwnCertificateOptions,
): Promise<{ readonly cert: string; readonly key: string }> {
  const { hostsOfAddress, selfSignedCertificate } = await load().catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const detail =
      "cannot listen with TLS: transport.tls.cert and transport.tls.key (or cert_file and key_file) are not set; npm install @micro/certificates to have a self-signed certificate made";
    throw transportError("BAD_REQUEST", detail, { id: SERVER_ID, cause });
  });
  const hosts = hostsOfAddress(address);
  const { cert, key, fingerprint, validUntil } = await selfSignedCertificate({ hosts });
  logger.info("listening with a self-signed certificate, as transport.tls names none", {
    address,
    hosts: hosts.join(" "),
    fingerprint,
    validUntil: validUntil.toISOString(),
  });
  return { cert, key };
}
