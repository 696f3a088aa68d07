import type { Client, ContractClient } from "@micro/client";
import type { ComponentSettings, Service } from "@micro/core";
import { temporaryFolder } from "@micro/programs";
import { probe } from "./contract.ts";
import type { NodePlan } from "./control.ts";
import { NodeChild } from "./node-child.ts";
import { type clientStack, startCaller } from "./stack.ts";
import { Traffic, type TrafficOptions } from "./traffic.ts";

/** Processes, a folder in which they find each other, and a client in this process. */
export interface Fleet {
  readonly folder: string;
  readonly caller: Service<typeof clientStack>;
  readonly client: Client;
  readonly probe: ContractClient<typeof probe.methods>;
  /** The process of a node. Throws when there is none of that name. */
  child(name: string): NodeChild;
  /** A load that ends with the fleet at the latest. */
  load<T>(options: TrafficOptions<T>): Traffic<T>;
  /** Starts another node and waits until it is registered. */
  start(name: string, plan?: Partial<NodePlan>): Promise<NodeChild>;
}

/** Options of {@link withFleet}. */
export interface FleetOptions {
  /** Names of the nodes that are there from the start. @default ["a"] */
  readonly nodes?: readonly string[];
  readonly plan?: Partial<NodePlan>;
  readonly caller?: ComponentSettings<typeof clientStack>;
}

/**
 * Starts nodes, runs `body`, ends everything whatever happened. Rejects also when a process of the fleet had an
 * unhandled rejection, an uncaught exception or a warning: none of the faults may cause one.
 */
export async function withFleet(options: FleetOptions, body: (fleet: Fleet) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder();
  const children: NodeChild[] = [];
  const start = (name: string, plan: Partial<NodePlan> = {}): Promise<NodeChild> => {
    const child = new NodeChild({ folder: folder.path, node: name, ...options.plan, ...plan });
    children.push(child);
    return child.ready();
  };
  let caller: Service<typeof clientStack> | undefined;
  const ending: (() => Promise<unknown>)[] = [];
  const errors: unknown[] = [];
  try {
    await Promise.all((options.nodes ?? ["a"]).map((name) => start(name)));
    caller = await startCaller(folder.path, options.caller);
    await body({
      folder: folder.path,
      caller,
      client: caller.client,
      probe: caller.client.of(probe),
      start,
      load(load) {
        const traffic = new Traffic(load);
        ending.push(() => traffic.stop());
        return traffic;
      },
      child(name) {
        const found = children.findLast((child) => child.name === name);
        if (found === undefined) throw new Error(`no node ${name}`);
        return found;
      },
    });
  } catch (error) {
    errors.push(error);
  }
  ending.push(async () => caller?.stop({ graceMs: 0 }));
  for (const end of ending) await end().catch((error: unknown) => errors.push(error));
  await Promise.all(children.map((child) => child.destroy()));
  await folder.remove();
  for (const { name, complaints } of children) {
    for (const text of complaints) errors.push(new Error(`node ${name} complained: ${text}`));
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join("\n"));
}
