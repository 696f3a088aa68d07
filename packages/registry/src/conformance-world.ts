import { randomBytes } from "node:crypto";
import { type ConformanceCase, eventually } from "@micro/core/conformance";
import type { Node, ServiceRecord } from "./model.ts";
import type { RegistryBackend } from "./registry.ts";

/** What the suite needs to know of a registry plugin. */
export interface RegistryHarness {
  /** A new instance, not started; all instances of one harness see the same world. The suite starts and stops it. */
  readonly create: () => Promise<RegistryBackend>;
  /** How long one instance may need to see what another did, in ms. @default 2000 */
  readonly convergenceMs?: number;
  /** Nodes that are not registered again vanish after their ttl. @default true */
  readonly ttl?: boolean;
  /** Metadata of the service itself survives; Go's mDNS packets have no place for it (spec 3.2). @default true */
  readonly serviceMetadata?: boolean;
}

/** What a case works with. */
interface World {
  /** A started instance; stopped when the case is over. */
  readonly open: () => Promise<RegistryBackend>;
  /** A name nobody else uses. */
  readonly name: string;
  /** `check` until it holds, as long as the harness allows. */
  readonly soon: <T>(check: () => Promise<T> | T) => Promise<T>;
  readonly convergenceMs: number;
}

/** A case with a world of its own. */
export function inWorld(
  harness: RegistryHarness,
  name: string,
  run: (world: World) => Promise<void>,
): ConformanceCase {
  return { name, run: () => runIn(harness, run) };
}

async function runIn(harness: RegistryHarness, run: (world: World) => Promise<void>): Promise<void> {
  const opened: RegistryBackend[] = [];
  const convergenceMs = harness.convergenceMs ?? 2000;
  try {
    await run({
      open: async () => {
        const registry = await harness.create();
        opened.push(registry);
        await registry.start?.({ signal: AbortSignal.timeout(5000) });
        return registry;
      },
      name: `conf-${randomBytes(4).toString("hex")}`,
      soon: (check) => eventually(check, { timeoutMs: convergenceMs }),
      convergenceMs,
    });
  } finally {
    for (const registry of opened) await registry.stop?.({ graceMs: 1000 });
  }
}

/** Node `<service>-<number>`. */
export function node(serviceName: string, number: number): Node {
  return {
    id: `${serviceName}-${number}`,
    address: `127.0.0.1:${4000 + number}`,
    metadata: { protocol: "mucp" },
  };
}

/** A record of version `v1`. */
export function service(name: string, nodes: readonly Node[]): ServiceRecord {
  return { name, version: "v1", metadata: {}, endpoints: [], nodes };
}

/** Nodes of all versions. */
export async function nodesOf(registry: RegistryBackend, name: string): Promise<readonly Node[]> {
  return (await registry.get(name)).flatMap((record) => record.nodes);
}

/** Their ids, sorted. */
export async function idsOf(registry: RegistryBackend, name: string): Promise<readonly string[]> {
  return (await nodesOf(registry, name)).map(({ id }) => id).sort();
}
