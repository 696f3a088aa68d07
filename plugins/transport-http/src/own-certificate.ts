import type { Logger } from "@micro/core";
import { SERVER_ID, transportError } from "@micro/transport";

/** What {@link ownCertificate} takes. */
export interface OwnCertificateOptions {
  readonly logger: Logger;
  /** There is another one, for handshakes from now on. */
  readonly onRenewed: (pair: KeyPair) => void;
  /** Loads the package that makes certificates. @default imports it */
  readonly load?: () => Promise<typeof import("@micro/certificates")>;
}

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The certificate of a listener that has none. Whoever has it stops it. */
export interface OwnCertificate {
  /** The first one. */
  readonly pair: KeyPair;
  /** Ends the renewals. Idempotent. */
  stop(): void;
}

/**
 * A certificate and its key for a listener that has none, signed by itself as Go's is (spec 1.13), and another one after
 * two thirds of its year. Rejects with `BAD_REQUEST` where the package that makes them is not installed.
 */
export async function ownCertificate(
  address: string,
  { logger, onRenewed, load = () => import("@micro/certificates") }: OwnCertificateOptions,
): Promise<OwnCertificate> {
  const { hostsOfAddress, keepCertificate, selfSignedCertificate } = await load().catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const detail =
      "cannot listen with TLS: transport.tls.cert and transport.tls.key (or cert_file and key_file) are not set; npm install @micro/certificates to have a self-signed certificate made";
    throw transportError("BAD_REQUEST", detail, { id: SERVER_ID, cause });
  });
  const hosts = hostsOfAddress(address);
  type Issued = Awaited<ReturnType<typeof selfSignedCertificate>>;
  const say = (message: string, { fingerprint, validUntil }: Issued): void =>
    logger.info(message, {
      address,
      hosts: hosts.join(" "),
      fingerprint,
      validUntil: validUntil.toISOString(),
    });
  const kept = await keepCertificate({
    issue: () => selfSignedCertificate({ hosts }),
    onRenewed: (issued) => {
      onRenewed({ cert: issued.cert, key: issued.key });
      say("the self-signed certificate was renewed", issued);
    },
    onError: (error) => logger.error("the self-signed certificate was not renewed; trying again", { error }),
  });
  const { cert, key } = kept.current;
  say("listening with a self-signed certificate, as transport.tls names none", kept.current);
  return { pair: { cert, key }, stop: () => kept.stop() };
}
