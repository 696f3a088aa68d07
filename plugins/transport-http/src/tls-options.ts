import { isIP } from "node:net";
import { type ConnectionOptions, createSecureContext, type TlsOptions } from "node:tls";
import { MicroError, type OptionsOutput, option, readTlsMaterial } from "@micro/core";
import { transportTlsOptions } from "@micro/transport";

const tlsOptions = {
  enabled: option.boolean({ description: "Encrypt; true when the section has any other key" }),
  ...transportTlsOptions,
} as const;

/** The `tls` section: what files and flags can say. */
export const tlsSection = option.object(tlsOptions, { description: "Encryption of connections" });

/** Options of Node's TLS that only code can give; they win over the `tls` section. */
export interface TlsOverrides {
  /** Of listeners. */
  readonly server?: TlsOptions;
  /** Of sessions. */
  readonly client?: ConnectionOptions;
}

/** Whether a value can be {@link TlsOverrides}. */
export function isTlsOverrides(value: unknown): value is TlsOverrides {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).every(
      ([key, part]) => (key === "server" || key === "client") && typeof part === "object" && part !== null,
    )
  );
}

type TlsSection = OptionsOutput<typeof tlsOptions>;

/** Checked options of both sides of encrypted connections. */
export interface TlsSettings {
  readonly server: TlsOptions;
  readonly client: ConnectionOptions;
  /**
   * What listeners show: the certificate that was given, or one made when they listen. `missing` where authorities or
   * the like were given without one: peers who know these would trust none that is made.
   */
  readonly certificate: "given" | "made" | "missing";
}

/**
 * Reads the files that the section names. Undefined where connections are plain. Throws `BAD_REQUEST` for a file that
 * cannot be read, for keys that exclude each other, and for what OpenSSL does not take.
 */
export async function readTls(
  section: TlsSection | undefined,
  overrides: TlsOverrides | undefined,
): Promise<TlsSettings | undefined> {
  if (section?.enabled === false || (section === undefined && overrides === undefined)) return undefined;
  const material = await readTlsMaterial(section, "transport.tls");
  const both = {
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    ...material,
    ...(section?.passphrase === undefined ? {} : { passphrase: section.passphrase }),
  } as const;
  const requestCert = section?.requestCert ?? false;
  if (requestCert && material.ca === undefined && overrides?.server?.ca === undefined) {
    throw bad("tls.request_cert needs tls.ca or tls.ca_file: who signs the certificates of clients");
  }
  const server = { ...both, requestCert, rejectUnauthorized: requestCert, ...overrides?.server };
  const client = {
    ...both,
    rejectUnauthorized: !(section?.insecureSkipVerify ?? false),
    ...(section?.serverName === undefined ? {} : { servername: section.serverName }),
    ...overrides?.client,
  };
  try {
    createSecureContext(server);
    createSecureContext(client);
  } catch (cause) {
    // A key that belongs to another certificate, a passphrase that is missing: OpenSSL names no option.
    throw bad(`tls: ${MicroError.from(cause).detail}`, cause);
  }
  return { server, client, certificate: certificateOf(server, client) };
}

function certificateOf(server: TlsOptions, client: ConnectionOptions): TlsSettings["certificate"] {
  const { cert, pfx, SNICallback, secureContext } = server;
  if ([cert, pfx, SNICallback, secureContext].some((each) => each !== undefined)) return "given";
  const others = [server.ca, server.key, client.ca, client.cert, client.pfx];
  return others.every((each) => each === undefined) ? "made" : "missing";
}

/** The options to dial `host` with: its name is what the certificate must have. */
export function clientTls(settings: TlsSettings, host: string): ConnectionOptions {
  const { client } = settings;
  // An address is no server name (RFC 6066); Node compares it with the certificate by itself.
  return client.servername === undefined && isIP(host) === 0 ? { ...client, servername: host } : client;
}

/** Codes of Node for certificates that nobody we trust has signed. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What to do when an error says that a certificate is not trusted; empty for every other. */
export function distrust(error: Error): string {
  if (!UNTRUSTED.has((error as NodeJS.ErrnoException).code)) return "";
  return " (certificates are verified: name who signs the peer's in transport.tls.ca or ca_file; transport.tls.insecure_skip_verify, for tests only, takes any)";
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `transport.${detail}`, cause });
}
