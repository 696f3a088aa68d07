import { isIP } from "node:net";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { MicroError, type OptionsOutput, option, readTlsMaterial, tlsMaterialOptions } from "@micro/core";

const tlsOptions = {
  enabled: option.boolean({ description: "Encrypt; true when the section has any other key" }),
  ...tlsMaterialOptions,
  passphrase: option.string({ description: "Opens an encrypted private key", secret: true }),
  serverName: option.string({
    description: "Name that servers' certificates must have, instead of the host dialled",
  }),
  insecureSkipVerify: option.boolean({
    description: "Clients accept any certificate: for tests only",
    default: false,
  }),
  requestCert: option.boolean({
    description: "Servers refuse clients without a certificate that `ca` has signed",
    default: false,
  }),
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
  /** Whether there is a certificate to listen with. */
  readonly canListen: boolean;
}

/**
 * Reads the files that the section names. Undefined where connections are plain. Throws `BAD_REQUEST` for a file that
 * cannot be read and for keys that exclude each other.
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
  return {
    server,
    client: {
      ...both,
      rejectUnauthorized: !(section?.insecureSkipVerify ?? false),
      ...(section?.serverName === undefined ? {} : { servername: section.serverName }),
      ...overrides?.client,
    },
    canListen: server.cert !== undefined || server.pfx !== undefined || server.SNICallback !== undefined,
  };
}

/** The options to dial `host` with: its name is what the certificate must have. */
export function clientTls(settings: TlsSettings, host: string): ConnectionOptions {
  const { client } = settings;
  // An address is no server name (RFC 6066); Node compares it with the certificate by itself.
  return client.servername === undefined && isIP(host) === 0 ? { ...client, servername: host } : client;
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `transport.${detail}`, cause });
}
