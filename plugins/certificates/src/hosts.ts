import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { type Interfaces, MicroError, parseAddress } from "@micro/core";

/**
 * The hosts that a server which listens on `address` (`host:port`) is dialled by: the host, or for every interface the
 * addresses of all of them, the name of this machine and `localhost`. A loopback address is `localhost` too.
 * Throws `BAD_REQUEST` for what is no address.
 */
export function hostsOfAddress(
  address: string,
  interfaces: Interfaces = networkInterfaces(),
): readonly string[] {
  const { host } = parseAddress(address);
  const bare = withoutZone(host);
  if (bare === "" || bare === "0.0.0.0" || bare === "::") {
    const own = Object.values(interfaces)
      .flatMap((list) => list ?? [])
      .filter(({ family }) => bare !== "0.0.0.0" || family === "IPv4")
      .map(({ address }) => withoutZone(address));
    const names = ["localhost", hostname()].filter((name) => problemOfHost(name) === undefined);
    return [...new Set([...names, ...own])];
  }
  if (bare === "localhost") return ["localhost", "127.0.0.1", "::1"];
  return bare === "::1" || bare.startsWith("127.") ? [bare, "localhost"] : [bare];
}

/** The hosts as a certificate names them, without doubles. Throws `BAD_REQUEST` with the first that is none. */
export function checkHosts(hosts: readonly string[]): readonly string[] {
  if (hosts.length === 0) throw bad("hosts is empty: name at least one DNS name or IP address");
  if (hosts.length > MAX_HOSTS)
    throw bad(`hosts has ${hosts.length} entries, at most ${MAX_HOSTS} are taken`);
  for (const host of hosts) {
    const problem = problemOfHost(host);
    if (problem !== undefined) throw bad(`hosts: ${JSON.stringify(host)} ${problem}`);
  }
  return [...new Set(hosts.map((host) => host.toLowerCase()))];
}

/** A certificate goes over the wire with each handshake. */
const MAX_HOSTS = 1000;
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`, "i");

function problemOfHost(host: string): string | undefined {
  if (isIP(host) !== 0) {
    return host.includes("%") ? "has a zone, which certificates do not know: leave it out" : undefined;
  }
  if (/^[\d.]+$/.test(host)) return "is neither an IP address nor a name";
  if (host.length <= 253 && DNS_NAME.test(host)) return undefined;
  return "is no host: a DNS name, '*.' and a name, or an IP address without brackets is expected";
}

const withoutZone = (host: string): string => host.replace(/%.*$/, "");

function bad(detail: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `certificate: ${detail}` });
}
