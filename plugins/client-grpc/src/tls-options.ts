import type { ConnectionOptions } from "node:tls";
import { type OptionsOutput, option, readTlsMaterial, tlsMaterialOptions } from "@micro/core";

const tlsOptions = {
  enabled: option.boolean({ description: "Encrypt; true when the section has any other key" }),
  ...tlsMaterialOptions,
  passphrase: option.string({ description: "Opens an encrypted private key", secret: true }),
  serverName: option.string({
    description: "Name that servers' certificates must have, instead of the host dialled",
  }),
  insecureSkipVerify: option.boolean({
    description: "Accept any certificate: for tests only",
    default: false,
  }),
} as const;

/** The `tls` section of the client. */
export const tlsSection = option.object(tlsOptions, { description: "Encryption of connections" });

/** Whether a value can be options of Node's TLS. */
export function isTlsOptions(value: unknown): value is ConnectionOptions {
  return typeof value === "object" && value !== null;
}

/** Reads the files that the section names; undefined where connections are plain. Throws `BAD_REQUEST`. */
export async function readClientTls(
  section: OptionsOutput<typeof tlsOptions> | undefined,
  overrides: ConnectionOptions | undefined,
): Promise<ConnectionOptions | undefined> {
  if (section?.enabled === false || (section === undefined && overrides === undefined)) return undefined;
  const material = await readTlsMaterial(section, "client.tls");
  return {
    minVersion: "TLSv1.2",
    ...material,
    ...(section?.passphrase === undefined ? {} : { passphrase: section.passphrase }),
    rejectUnauthorized: !(section?.insecureSkipVerify ?? false),
    ...(section?.serverName === undefined ? {} : { servername: section.serverName }),
    ...overrides,
  };
}
