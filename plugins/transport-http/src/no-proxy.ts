import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

/** What a host is dialled by: a name or an IP address without brackets, and the port. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Says whether a target is dialled directly though there is a proxy. */
export type Direct = (target: Target) => boolean;

/**
 * The rules of `NO_PROXY` as Go reads them (its httpproxy package, which Go Micro's client asks): names with everything
 * below them, `.name` and `*.name` for what is below alone, IP addresses, networks such as `10.0.0.0/8`, each but the
 * last with `:port` where only that port is meant, and `*` for everything. `localhost` and loopback addresses are
 * always dialled directly. Names are not looked up: a network matches addresses only. What cannot be read is skipped.
 */
export function directTargets(entries: readonly string[]): Direct {
  const names: NameRule[] = [];
  const addresses = new AddressRules();
  addresses.addNetwork("127.0.0.0", 8);
  addresses.addAddress("::1", ANY_PORT);
  for (const text of entries) {
    const entry = text.trim().toLowerCase();
    if (entry === "*") return () => true;
    const [, network = "", bits = ""] = /^([\d.a-f:]+)\/(\d{1,3})$/.exec(entry) ?? [];
    if (isIP(network) !== 0 && Number(bits) <= (isIP(network) === 4 ? 32 : 128)) {
      addresses.addNetwork(network, Number(bits));
      continue;
    }
    const { host, port } = splitPort(entry);
    if (isIP(host) !== 0) addresses.addAddress(host, port);
    else if (host !== "") names.push(nameRule(host, port));
  }
  return ({ host: written, port }) => {
    const host = ascii(written.toLowerCase().replace(/%.*$/, ""));
    if (host === "localhost") return true;
    if (isIP(host) !== 0) return addresses.has(host, String(port));
    return names.some(
      (rule) =>
        (rule.port === ANY_PORT || rule.port === String(port)) &&
        (host.endsWith(rule.ending) || (rule.itself && host === rule.ending.slice(1))),
    );
  };
}

/** Rules without a port. */
const ANY_PORT = "";

/** IP addresses and networks, by family and port. */
class AddressRules {
  readonly #lists = new Map<string, BlockList>();

  addAddress(address: string, port: string): void {
    const plain = unmapped(address);
    this.#list(plain, port).addAddress(plain, family(plain));
  }

  addNetwork(address: string, bits: number): void {
    const plain = unmapped(address);
    const mapped = plain !== address && bits >= 96;
    const [base, length] = mapped ? [plain, bits - 96] : [address, bits];
    this.#list(base, ANY_PORT).addSubnet(base, length, family(base));
  }

  has(address: string, port: string): boolean {
    const plain = unmapped(address);
    return [ANY_PORT, port].some(
      (each) => this.#lists.get(`${family(plain)} ${each}`)?.check(plain, family(plain)) === true,
    );
  }

  /** One list for both families would find IPv4 addresses in networks of IPv6. */
  #list(address: string, port: string): BlockList {
    const key = `${family(address)} ${port}`;
    const list = this.#lists.get(key) ?? new BlockList();
    this.#lists.set(key, list);
    return list;
  }
}

interface NameRule {
  /** With its leading dot. */
  readonly ending: string;
  /** Whether the name without the dot is meant too. */
  readonly itself: boolean;
  readonly port: string;
}

function nameRule(host: string, port: string): NameRule {
  const ending = host.replace(/^\*(?=\.)/, "");
  const itself = !ending.startsWith(".");
  return { ending: `.${ascii(itself ? ending : ending.slice(1))}`, itself, port };
}

/** `host:port`, `[ipv6]:port`, or a host alone: an address of IPv6 without a port has no brackets. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const found = /^(?:\[([^\]]*)\]|([^[\]:]*)):([^:]*)$/.exec(entry);
  if (found === null) return { host: isIP(entry) === 0 && entry.includes(":") ? "" : entry, port: ANY_PORT };
  const [, bracketed, bare = "", port = ANY_PORT] = found;
  return { host: bracketed ?? bare, port };
}

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** `::ffff:192.0.2.1`, in whatever form, as `192.0.2.1`; others as they are. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const [, high, low] =
    /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(new URL(`http://[${address}]`).hostname) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low]
    .flatMap((hex) => [Number.parseInt(hex, 16) >> 8, Number.parseInt(hex, 16) & 0xff])
    .join(".");
}

/** Names beyond ASCII in the form that is dialled; what has none, and what is ASCII already, stays as it is (as in Go). */
function ascii(name: string): string {
  return Buffer.byteLength(name) === name.length ? name : domainToASCII(name) || name;
}
