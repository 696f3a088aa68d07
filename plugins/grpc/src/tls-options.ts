import type { SecureContextOptions } from "node:tls";
import { type OptionsOutput, option, readTlsMaterial, tlsMaterialOptions } from "@micro/core";

/** The options of the `tls` section that both ends have; each adds its own to them. */
export const tlsOptions = {
  enabled: option.boolean({ description: "Encrypt; true when the section has any other key" }),
  ...tlsMaterialOptions,
  passphrase: option.string({ description: "Opens an encrypted private key", secret: true }),
} as const;

/** Whether a value can be options of Node's TLS. */
export function isTlsOptions<T extends SecureContextOptions>(value: unknown): value is T {
  return typeof value === "object" && value !== null;
}

/**
 * What {@link tlsOptions} say, files read; undefined where connections are plain. `where` is the section for errors:
 * `client.tls`. Throws `BAD_REQUEST` for a file that cannot be read or holds something else, and for keys that exclude or
 * need each other.
 */
export async function readTls(
  where: string,
  section: Partial<OptionsOutput<typeof tlsOptions>> | undefined,
  overrides: SecureContextOptions | undefined,
): Promise<SecureContextOptions | undefined> {
  if (section?.enabled === false || (section === undefined && overrides === undefined)) return undefined;
  const material = await readTlsMaterial(section, where);
  return {
    minVersion: "TLSv1.2",
    ...material,
    ...(section?.passphrase === undefined ? {} : { passphrase: section.passphrase }),
  };
}
