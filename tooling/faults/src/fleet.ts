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
  readonly child: (name: string) => NodeChild;
  /** A load that ends with the fleet at the latest. */
  readonly load: <T>(options: TrafficOptions<T>) => Traffic<T>;
  /** Starts another node and waits until it is registered. */
  readonly start: (name: string, plan?: Partial<NodePlan>) => Promise<NodeChild>;
}

/** Options of {@link withFleet}. */
export interface FleetOptions {
  /** Names of the nodes that are there from the start. @default ["a"] */
  readonly nodes?: readonly string[];
  readonly plan?: Partial<NodePlan>;
  readonly caller?: ComponentSettings<typeof clientStack>;
}

/** A fleet and its end. */
export interface OpenFleet {
  readonly fleet: Fleet;
  /**
   * Ends everything. Rejects when something does not stop cleanly, and when a process of the fleet had an unhandled
   * rejection, an uncaught exception or a warning: none of the faults may cause one.
   */
  readonly close: () => Promise<void>;
}

/** Starts the nodes and the caller; nothing is left behind when that fails. */
export async function openFleet(options: FleetOptions = {}): Promise<OpenFleet> {
  const folder = await temporaryFolder();
  const children: NodeChild[] = [];
  const loads: Traffic<unknown>[] = [];
  let caller: Service<typeof clientStack> | undefined;
  const start = (name: string, plan: Partial<NodePlan> = {}): Promise<NodeChild> => {
    const child = new NodeChild({ folder: folder.path, node: name, ...options.plan, ...plan });
    children.push(child);
    return child.ready();
  };
  async function close(): Promise<void> {
    const errors: unknown[] = [];
    const note = (error: unknown): void => void errors.push(error);
    for (const child of children) child.thaw();
    for (const load of loads) await load.stop().catch(note);
    await caller?.stop({ graceMs: 2000 }).catch(note);
    await Promise.all(children.map((child) => child.destroy()));
    await folder.remove();
    for (const { name, complaints } of children) {
      for (const text of complaints) note(new Error(`node ${name} complained: ${text}`));
    }
    throwAll(errors);
  }
  try {
    await Promise.all((options.nodes ?? ["a"]).map((name) => start(name)));
    caller = await startCaller(folder.path, options.caller);
  } catch (error) {
    await close().catch((failure: unknown) => throwAll([error, failure]));
    throw error;
  }
  const fleet: Fleet = {
    folder: folder.path,
    caller,
    client: caller.client,
    probe: caller.client.of(probe),
    start,
    load(load) {
      const traffic = new Traffic(load);
      loads.push(traffic);
      return traffic;
    },
    child(name) {
      const found = children.findLast((child) => child.name === name);
      if (found === undefined) throw new Error(`no node ${name}`);
      return found;
    },
  };
  return { fleet, close };
}

/** Opens a fleet for `body` alone, and closes it whatever happens. */
export async function withFleet(options: FleetOptions, body: (fleet: Fleet) => Promise<void>): Promise<void> {
  const { fleet, close } = await openFleet(options);
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  await body(fleet).catch(note);
  await close().catch(note);
  throwAll(errors);
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join("\n"));
}
