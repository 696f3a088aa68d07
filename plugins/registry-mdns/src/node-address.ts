import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { MicroError } from "@micro/core";
import type { Node } from "@micro/registry";

/** IP address and port of a node; names of hosts are looked up. Throws `BAD_REQUEST` for what others could not dial. */
export async function resolveAddress(node: Node): Promise<{ readonly ip: string; readonly port: number }> {
  const { host, port } = splitAddress(node);
  return { ip: isIP(host) === 0 ? await hostAddress(host, node) : host, port };
}

function splitAddress(node: Node): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(node.address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw bad(
      `node '${node.id}' cannot be announced: its address '${node.address}' is not 'host:port' with a port from 1 to 65535`,
    );
  }
  if (host.includes("%")) {
    throw bad(
      `node '${node.id}' cannot be announced: '${host}' is an address with a zone, which means nothing on other hosts; listen on another address`,
    );
  }
  return { host, port };
}

async function hostAddress(host: string, node: Node): Promise<string> {
  try {
    const addresses = await lookup(host, { all: true });
    const best = addresses.find(({ family }) => family === 4) ?? addresses[0];
    if (best !== undefined) return best.address;
    throw new Error("it has no address");
  } catch (cause) {
    throw new MicroError({
      code: "BAD_REQUEST",
      id: "go.micro.registry",
      detail: `node '${node.id}' cannot be announced: the host '${host}' of its address has no IP address (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    });
  }
}

/** The host's name as the owner of address records; any name would do, so one that DNS cannot carry is replaced. */
export function safeHostname(name: string): string {
  const fits = name.length < 200 && name.split(".").every((label) => /^[\w-]{1,63}$/.test(label));
  return fits ? name : "localhost";
}

function bad(detail: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", id: "go.micro.registry", detail });
}
