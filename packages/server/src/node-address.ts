import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** Interfaces as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>>;

/** `host:port` in its parts; the host without brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: string } {
  const colon = address.lastIndexOf(":");
  const host = colon < 0 ? address : address.slice(0, colon);
  const port = colon < 0 ? "" : address.slice(colon + 1);
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** `host:port`, with brackets around an IPv6 host. */
export function joinAddress(host: string, port: string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The address that others dial (spec 3.1): a host that means "all interfaces" becomes the first private address of
 * this machine, else a public one, else loopback. Any other host stays. An `advertise` without a port gets the bound one.
 */
export function nodeAddress(
  bound: string,
  options: { readonly advertise?: string | undefined; readonly interfaces?: Interfaces } = {},
): string {
  const listening = splitAddress(bound);
  const { host, port } = options.advertise === undefined ? listening : splitAddress(options.advertise);
  const finalPort = port === "" || port === "0" ? listening.port : port;
  if (host !== "" && host !== "0.0.0.0" && host !== "::") return joinAddress(host, finalPort);
  const found = chooseHost(options.interfaces ?? networkInterfaces(), host === "0.0.0.0");
  return joinAddress(found, finalPort);
}

function chooseHost(interfaces: Interfaces, onlyV4: boolean): string {
  const all = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    // A link-local address means nothing without its zone.
    .filter(({ address, family }) => !(onlyV4 && family !== "IPv4") && !/^fe[89ab]/i.test(address));
  const outer = all.filter(({ internal }) => !internal);
  // IPv4 first: it is what every peer can dial.
  const ordered = [...outer].sort((a, b) => Number(a.family === "IPv6") - Number(b.family === "IPv6"));
  return (
    ordered.find(({ address }) => isPrivate(address))?.address ??
    ordered[0]?.address ??
    all[0]?.address ??
    "127.0.0.1"
  );
}

/** 10/8, 172.16/12, 192.168/16, 100.64/10 and fd00::/8 (spec 3.1). */
export function isPrivate(address: string): boolean {
  if (address.includes(":")) return /^fd/i.test(address);
  const [a = 0, b = 0] = address.split(".").map(Number);
  return (
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128)
  );
}
