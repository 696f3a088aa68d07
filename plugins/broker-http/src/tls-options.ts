import { readFile } from "node:fs/promises";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { brokerError } from "@micro/broker";
import { type OptionsOutput, option } from "@micro/core";

const tlsOptions = {
  ca: option.string({ description: "Certificates (PEM) that sign those of peers, instead of the system's" }),
  caFile: option.string({ description: "File of the same" }),
  cert: option.string({ description: "Own certificate with its chain (PEM), to receive with" }),
  certFile: option.string({ description: "File of the same" }),
  key: option.string({ description: "Private key of the certificate (PEM)", secret: true }),
  keyFile: option.string({ description: "File of the same" }),
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
  const [ca, cert, key] = await Promise.all([
    pem("ca", section?.ca, section?.caFile),
    pem("cert", section?.cert, section?.certFile),
    pem("key", section?.key, section?.keyFile),
  ]);
  if ((cert === undefined) !== (key === undefined)) {
    throw bad(cert === undefined ? "key is set without tls.cert" : "cert is set without tls.key");
  }
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

async function pem(
  name: string,
  text: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return text;
  if (text !== undefined) throw bad(`${name} and tls.${name}_file are both set: leave one out`);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw bad(`${name}_file: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function bad(detail: string, cause?: unknown): Error {
  return brokerError("BAD_REQUEST", `broker.tls.${detail}`, { cause });
}
