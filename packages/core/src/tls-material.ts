import { readFile } from "node:fs/promises";
import { MicroError } from "./errors.ts";
import { type OptionsOutput, option } from "./option.ts";

/** The options of a `tls` section that every technology has; plugins add their own to them. */
export const tlsMaterialOptions = {
  ca: option.string({ description: "Certificates (PEM) that sign those of peers, instead of the system's" }),
  caFile: option.string({ description: "File of the same" }),
  cert: option.string({ description: "Own certificate with its chain (PEM)" }),
  certFile: option.string({ description: "File of the same" }),
  key: option.string({ description: "Private key of the certificate (PEM)", secret: true }),
  keyFile: option.string({ description: "File of the same" }),
} as const;

/** What {@link tlsMaterialOptions} say, files read; all PEM texts. `cert` and `key` come together or not at all. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads the files that a `tls` section names. `where` is the section for errors: `transport.tls`.
 * Throws `BAD_REQUEST` for a file that cannot be read or holds something else, and for keys that exclude or need each other.
 */
export async function readTlsMaterial(
  section: Partial<OptionsOutput<typeof tlsMaterialOptions>> | undefined,
  where: string,
): Promise<TlsMaterial> {
  // One after the other: of several that are missing it is always the same that is told of.
  const ca = await pem(`${where}.ca`, section?.ca, section?.caFile);
  const cert = await pem(`${where}.cert`, section?.cert, section?.certFile);
  const key = await pem(`${where}.key`, section?.key, section?.keyFile);
  if ((cert === undefined) !== (key === undefined)) {
    const [has, lacks] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw bad(`${where}.${has} is set without ${where}.${lacks}`);
  }
  // Node takes a `ca` without any certificate, and then trusts nobody.
  mustHold("certificate", ca);
  mustHold("certificate", cert);
  mustHold("private key", key);
  return {
    ...(ca === undefined ? {} : { ca: ca.text }),
    ...(cert === undefined || key === undefined ? {} : { cert: cert.text, key: key.text }),
  };
}

interface Pem {
  readonly text: string;
  /** The option, and the file that it names. */
  readonly where: string;
}

async function pem(
  name: string,
  text: string | undefined,
  file: string | undefined,
): Promise<Pem | undefined> {
  if (file === undefined) return text === undefined ? undefined : { text, where: name };
  if (text !== undefined) throw bad(`${name} and ${name}_file are both set: leave one out`);
  try {
    return { text: await readFile(file, "utf8"), where: `${name}_file: ${file}` };
  } catch (cause) {
    throw bad(`${name}_file: ${MicroError.from(cause).detail}`, cause);
  }
}

function mustHold(what: "certificate" | "private key", pem: Pem | undefined): void {
  if (pem === undefined || new RegExp(`-----BEGIN [A-Z ]*${what.toUpperCase()}-----`).test(pem.text)) return;
  throw bad(`${pem.where} holds no ${what} (PEM)`);
}

function bad(detail: string, cause?: unknown): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail, cause });
}
