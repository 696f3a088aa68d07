import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { MicroError } from "./errors.ts";

/** `host:port` in its parts. */
export interface HostPort {
  /** Without brackets; empty for every interface. */
  readonly host: string;
  readonly port: number;
}

/** Interfaces as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
>;

/**
 * Reads `host:port`, `[::1]:port` and `:port`. `where` is the option or the like for errors: `broker.advertise`.
 * Throws `BAD_REQUEST`.
 */
export function parseAddress(address: string, where = "address"): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^[\]:\s/]*)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    // Who writes a URL with a password here means well, and the password is still no text for logs.
    const shown = address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1…@");
    throw new MicroError({
      code: "BAD_REQUEST",
      detail: `${where}: ${JSON.stringify(shown)} is no address: 'host:port', '[ipv6]:port' or ':port' is expected`,
      notSent: true,
    });
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

/** `host:port`, with brackets around an IPv6 host. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The address that others dial (spec 3.1): what is advertised, else what is bound. A host that means every interface
 * becomes the first private address of this machine, else a public one, else loopback; port 0 is the bound one.
 */
export function reachableAddress(
  bound: HostPort,
  advertise?: HostPort,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const { host, port } = advertise ?? bound;
  const every = host === "" || host === "0.0.0.0" || host === "::";
  return formatAddress({
    host: every ? ownHost(interfaces, host === "0.0.0.0") : host,
    port: port === 0 ? bound.port : port,
  });
}

function ownHost(interfaces: Interfaces, onlyV4: boolean): string {
  const all = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    // A link-local address means nothing without its zone.
    .filter(({ address, family }) => !(onlyV4 && family !== "IPv4") && !/^fe[89ab]/i.test(address))
    // IPv4 first: every peer can dial it.
    .sort((a, b) => Number(a.family === "IPv6") - Number(b.family === "IPv6"));
  const outer = all.filter(({ internal }) => !internal);
  const best = outer.find(({ address }) => isPrivate(address)) ?? outer[0] ?? all[0];
  return best?.address ?? "127.0.0.1";
}

/** 10/8, 172.16/12, 192.168/16, 100.64/10 and fd00::/8 (spec 3.1). */
function isPrivate(address: string): boolean {
  if (address.includes(":")) return /^fd/i.test(address);
  const [a = 0, b = 0] = address.split(".").map(Number);
  if (a === 172) return b >= 16 && b < 32;
  if (a === 100) return b >= 64 && b < 128;
  return a === 10 || (a === 192 && b === 168);
}
