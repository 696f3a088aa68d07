import type { ConnectionOptions } from "node:tls";
import { type OptionsOutput, option } from "@micro/core";
import { readTls, tlsOptions } from "@micro/grpc/internal";

const clientTlsOptions = {
  ...tlsOptions,
  serverName: option.string({
    description: "Name that servers' certificates must have, instead of the host dialled",
  }),
  insecureSkipVerify: option.boolean({
    description: "Accept any certificate: for tests only",
    default: false,
  }),
} as const;

/** The `tls` section of the client. */
export const tlsSection = option.object(clientTlsOptions, { description: "Encryption of connections" });

/** Reads the files that the section names; undefined where connections are plain. Throws `BAD_REQUEST`. */
export async function readClientTls(
  section: OptionsOutput<typeof clientTlsOptions> | undefined,
  overrides: ConnectionOptions | undefined,
): Promise<ConnectionOptions | undefined> {
  const read = await readTls("client.tls", section, overrides);
  if (read === undefined) return undefined;
  return {
    ...read,
    rejectUnauthorized: !(section?.insecureSkipVerify ?? false),
    ...(section?.serverName === undefined ? {} : { servername: section.serverName }),
    ...overrides,
  };
}
