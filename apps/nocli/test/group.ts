import { randomUUID } from "node:crypto";
import { freeUdpPort } from "@micro/programs";

/** A multicast group of a test's own: what runs on the host is neither seen nor disturbed. */
export interface Group {
  readonly domain: string;
  readonly port: number;
  readonly interfaces: readonly string[];
}

/** Makes one. */
export async function ownGroup(): Promise<Group> {
  return { domain: `nocli-${randomUUID()}`, port: await freeUdpPort(), interfaces: ["127.0.0.1"] };
}

/** A `micro.yaml` with the group and a free port of this host. */
export function configuration(group: Group): string {
  return `registry: ${JSON.stringify(group)}\nserver: { address: "127.0.0.1:0" }\n`;
}
