import type { ConnectionOptions, TlsOptions } from "node:tls";
import { type OptionsOutput, option, readTlsMaterial, tlsMaterialOptions } from "@micro/core";

const tlsOptions = {
  ...tlsMaterialOptions,
  insecureSkipVerify: option.boolean({
    description: "Publish to subscribers with any certificate: for tests only",
    default: false,
  }),
} as const;

/** The `tls` section. With a certificate in it messages are received over https. */
export const tlsSection = option.object(tlsOptions, { description: "Encryption of messages" });

/** Options of both sides of encrypted connections. */
export interface TlsSettings {
  /** Undefined: messages are received over plain http. */
  readonly receive: TlsOptions | undefined;
  /** Used for subscribers whose metadata says `secure: "true"` (spec 5.3). */
  readonly publish: ConnectionOptions;
}

/** Reads the files that the section names. Throws `BAD_REQUEST` for what cannot be read or does not fit together. */
export async function readTls(section: OptionsOutput<typeof tlsOptions> | undefined): Promise<TlsSettings> {
  const { ca, cert, key } = await readTlsMaterial(section, "broker.tls");
  const minVersion = "TLSv1.2";
  return {
    receive: cert === undefined || key === undefined ? undefined : { cert, key, minVersion },
    publish: {
      minVersion,
      rejectUnauthorized: !(section?.insecureSkipVerify ?? false),
      ...(ca === undefined ? {} : { ca }),
    },
  };
}
