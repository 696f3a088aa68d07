import { mkdtemp, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { multicastAvailable } from "@micro/registry-mdns";

/** How the services of one demo find each other. */
export interface Discovery {
  /** For services of ours. */
  readonly flags: readonly string[];
  /** The domain that Go services use too; undefined when they cannot take part, and then `reason` says why. */
  readonly domain?: string;
  readonly reason?: string;
  /** A sentence for people. */
  readonly sentence: string;
  cleanUp(): Promise<void>;
}

/** Multicast DNS under a domain of this demo's own; a folder of the host where multicast is impossible. */
export async function chooseDiscovery(): Promise<Discovery> {
  const available = await multicastAvailable();
  if (available.ok) {
    const domain = `fleet-${process.pid}`;
    return {
      ...forGo(domain),
      flags: ["--registry=mdns", `--registry_domain=${domain}`],
      sentence: `Discovery by multicast DNS, domain '${domain}'.`,
      cleanUp: () => Promise.resolve(),
    };
  }
  const path = await mkdtemp(join(tmpdir(), "micro-fleet-"));
  return {
    reason: `Go Micro's default registry is multicast DNS, and ${available.reason}.`,
    flags: ["--registry=file", `--registry_path=${path}`],
    sentence: "Services of ours find each other through a folder, with registry-file.",
    cleanUp: () => rm(path, { recursive: true, force: true }),
  };
}

/** Go's multicast DNS does not ask on loopback, ours does. */
function forGo(domain: string): Pick<Discovery, "domain" | "reason"> {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  if (addresses.some(({ internal }) => !internal)) return { domain };
  return {
    reason: "Go Micro's multicast DNS needs a network interface beside loopback, and this host has none.",
  };
}
