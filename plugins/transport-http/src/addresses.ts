import { transportError } from "./errors.ts";

/** Where to listen or to dial. */
export interface HostPort {
  /** Without brackets; empty for every interface. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port` and `:port`. Throws `BAD_REQUEST`. */
export function parseAddress(address: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^[\]:\s/]*)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw transportError(
      "BAD_REQUEST",
      `${JSON.stringify(address)} is no address: 'host:port', '[ipv6]:port' or ':port' is expected`,
      { notSent: true },
    );
  }
  return { host: match[1] ?? match[2] ?? "", port };
}
