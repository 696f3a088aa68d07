import { networkInterfaces } from "node:os";

/** Address family of a socket. */
export type Family = "udp4" | "udp6";

/**
 * What a socket of this family is to join: an IPv4 address per interface, or `::%eth0` for IPv6. `wanted` are names
 * or addresses; when it is empty all but loopback are taken, and IPv4 loopback where there is nothing else, so that
 * processes of one host find each other without a network. Throws an Error that lists what there is when nothing fits.
 */
export function multicastTargets(family: Family, wanted: readonly string[]): readonly string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const mine = addresses.filter((info) => info.family === (family === "udp4" ? "IPv4" : "IPv6"));
    const first = mine.find((info) => wanted.includes(info.address)) ?? mine[0];
    if (first === undefined) return [];
    // Windows knows the scopes of IPv6 by number.
    const scope = process.platform === "win32" ? first.scopeid : name;
    return [
      {
        known: [name, ...addresses.map((info) => info.address)],
        internal: first.internal,
        target: family === "udp4" ? first.address : `::%${scope}`,
      },
    ];
  });
  let chosen = all.filter(({ internal }) => !internal);
  if (wanted.length > 0) chosen = all.filter(({ known }) => wanted.some((each) => known.includes(each)));
  else if (chosen.length === 0 && family === "udp4") chosen = all;
  if (chosen.length === 0) {
    const there = all.map(({ known }) => known.join(" ")).join(", ");
    throw new Error(
      wanted.length > 0
        ? `no network interface is called ${wanted.map((each) => `'${each}'`).join(" or ")}; there are: ${there || "none"}`
        : `no network interface has an ${family === "udp4" ? "IPv4" : "IPv6"} address`,
    );
  }
  return chosen.map(({ target }) => target);
}
