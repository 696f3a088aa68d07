import type { Broker } from "@micro/broker";
import { instantiate } from "@micro/core/conformance";
import { createCachedRegistry, type Registry } from "@micro/registry";
import { MemoryRegistryWorld } from "@micro/registry-memory";
import { httpBroker } from "../plugin.ts";

type Config = NonNullable<
  NonNullable<
    Parameters<
      typeof instantiate<
        typeof httpBroker.component,
        "http",
        typeof httpBroker.config,
        typeof httpBroker.needs
      >
    >[1]
  >["config"]
>;

const never = new AbortController().signal;

/** Brokers that find each other through one registry. Each stops its registry with itself; the rest ends with `stop`. */
export class Fleet {
  readonly world = new MemoryRegistryWorld();
  readonly #stops: (() => Promise<void>)[] = [];

  /** A started registry of this fleet behind its cache. */
  async registry(): Promise<Registry> {
    const registry = createCachedRegistry(this.world.connect(), { cacheTtl: 60_000, cacheNegativeTtl: 100 });
    await registry.start?.({ signal: never });
    this.#stops.push(async () => registry.stop?.({ graceMs: 100 }));
    return registry;
  }

  /** A started broker on loopback. */
  async broker(config: Config = {}, registry?: Registry): Promise<Broker> {
    const deps = { registry: registry ?? (await this.registry()) };
    const broker = await instantiate(httpBroker, { config: { addresses: ["127.0.0.1:0"], ...config }, deps });
    await broker.start?.({ signal: never });
    this.#stops.push(async () => broker.stop?.({ graceMs: 100 }));
    return broker;
  }

  /** Stops all, the last first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
