import { isIPv4, isIPv6 } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { formatAddress, type HostPort, parseAddress } from "@micro/core";

/** Where and how to dial. */
export interface DialTarget {
  /** As grpc-js names it: an IP address is never looked up, a host name once per connection. */
  readonly uri: string;
  readonly host: string;
  /** `:authority` of the calls. */
  readonly authority: string;
  /** Undefined for a plain connection. */
  readonly tls: ConnectionOptions | undefined;
}

/**
 * Reads the address of a node. It is dialled with TLS when the client has a `tls` section, and as Go does when it begins
 * with `https://`, has port 443 or no port (spec 2.1). Throws a MicroError `BAD_REQUEST`.
 */
export function dialTarget(address: string, tls: ConnectionOptions | undefined): DialTarget {
  const bare = address.replace(/^https?:\/\//, "");
  const named = /:\d+$/.test(bare) && !isIPv6(bare) ? parseAddress(bare, "node address") : portless(bare);
  const { host, port } = named;
  const secure = tls !== undefined || address.startsWith("https://") || port === 443;
  const at = formatAddress({ host: host === "" ? "127.0.0.1" : host, port });
  return {
    uri: `${isIPv4(host) || host === "" ? "ipv4" : isIPv6(host) ? "ipv6" : "dns"}:${at}`,
    host,
    authority: at,
    tls: secure ? (tls ?? { minVersion: "TLSv1.2" }) : undefined,
  };
}

function portless(address: string): HostPort {
  return parseAddress(`${isIPv6(address) ? `[${address}]` : address}:443`, "node address");
}
