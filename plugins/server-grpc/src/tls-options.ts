import { createSecureContext, type TlsOptions } from "node:tls";
import { MicroError, type OptionsOutput, option } from "@micro/core";
import { readTls, tlsOptions } from "@micro/grpc/internal";

const serverTlsOptions = {
  ...tlsOptions,
  requestCert: option.boolean({
    description: "Refuse clients without a certificate that `ca` has signed",
    default: false,
  }),
} as const;

/** The `tls` section of the server. */
export const tlsSection = option.object(serverTlsOptions, { description: "Encryption of connections" });

/**
 * The options to listen with; undefined where connections are plain. Reads the files that the section names. Throws
 * `BAD_REQUEST` for a file that cannot be read, for keys that need each other, and for what OpenSSL does not take.
 */
export async function readServerTls(
  section: OptionsOutput<typeof serverTlsOptions> | undefined,
  overrides: TlsOptions | undefined,
): Promise<TlsOptions | undefined> {
  const read = await readTls("server.tls", section, overrides);
  if (read === undefined) return undefined;
  const requestCert = section?.requestCert ?? false;
  const made: TlsOptions = {
    ALPNProtocols: ["h2"],
    ...read,
    requestCert,
    rejectUnauthorized: requestCert,
    ...overrides,
  };
  if (made.requestCert === true && made.ca === undefined) {
    throw bad("server.tls.request_cert needs tls.ca or tls.ca_file: who signs the certificates of clients");
  }
  if (made.cert === undefined && made.pfx === undefined && made.SNICallback === undefined) {
    throw bad("server.tls.cert and server.tls.key (or cert_file and key_file) are not set");
  }
  try {
    createSecureContext(made);
  } catch (cause) {
    // A key that belongs to another certificate, a passphrase that is missing: OpenSSL names no option.
    throw bad(`server.tls: ${MicroError.from(cause).detail}`, cause);
  }
  return made;
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail, cause });
}
