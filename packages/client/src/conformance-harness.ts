import { type AnyPlugin, createService, defineService } from "@micro/core";
import type { Client } from "./client.ts";
import type { ClientHarness, ClientWorld, ClientWorldNode, ClientWorldOptions } from "./conformance-world.ts";

/** What the services of one world are made of, as `createService` takes it. */
export interface ClientWorldParts {
  /** Codec, registry, selector, client and server; a transport where the wire has one. */
  readonly plugins: readonly AnyPlugin[];
  /** Sections by component, `exchange` and the like: what lets the services of this world, and no others, meet. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A service of a world, as far as the suite looks at it. */
interface WorldService {
  readonly client: Client;
  readonly server: { readonly nodeId: string; readonly address: string | undefined };
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the harness of an implementation from its plugins; `parts` is called once per world. */
export function clientHarness(
  parts: () => ClientWorldParts,
  { inside = false }: Pick<ClientHarness, "inside"> = {},
): ClientHarness {
  return { inside, start: (options) => startWorld(parts(), options) };
}

async function startWorld(
  { plugins, options: common }: ClientWorldParts,
  { definition, nodes: count = 1, client, middleware }: ClientWorldOptions,
): Promise<ClientWorld> {
  const services: WorldService[] = [];
  const start = async (given: ClientWorldOptions["definition"], own: object): Promise<WorldService> => {
    const options = { server: { address: "127.0.0.1:0" }, ...common, ...own, plugins };
    // Which components the plugins are of is not known here, only to whoever lists them.
    const service = (await createService(given as never, options as never)) as unknown as WorldService;
    services.push(service);
    await service.start();
    return service;
  };
  const stop = async (): Promise<void> => {
    for (const service of services.splice(0).reverse()) await service.stop();
  };
  try {
    const nodes: ClientWorldNode[] = [];
    for (let index = 0; index < count; index++) {
      const service = await start(definition, {});
      const { nodeId, address = "" } = service.server;
      nodes.push({ id: nodeId, address, stop: () => service.stop() });
    }
    const caller = await start(defineService({ name: "conformance-caller" }), {
      ...(client === undefined ? {} : { client }),
      ...(middleware === undefined ? {} : { middleware }),
    });
    return { client: caller.client, nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
