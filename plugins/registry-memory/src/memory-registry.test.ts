import { nullLogger } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { type RegistryBackend, registry } from "@micro/registry";
import { registryConformance } from "@micro/registry/conformance";
import { describe, expect, test } from "vitest";
import { MemoryRegistryWorld, memoryRegistry } from "./index.ts";

const record = {
  name: "greeter",
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: [{ id: "greeter-1", address: "127.0.0.1:1", metadata: {} }],
};

describe("conformance", () => {
  const world = new MemoryRegistryWorld();
  const create = () => instantiate(memoryRegistry, { config: { world } });
  for (const c of registryConformance({ create, convergenceMs: 1000 })) test(c.name, () => c.run());
});

describe("conformance behind the cache", () => {
  const world = new MemoryRegistryWorld();
  const create = async (): Promise<RegistryBackend> =>
    registry.assemble?.([{ plugin: "memory", instance: world.connect() }] as never, {
      config: { cacheTtl: 1000, cacheNegativeTtl: 100, cacheServices: 10 } as never,
      logger: nullLogger,
    }) as RegistryBackend;
  for (const c of registryConformance({ create, convergenceMs: 1000 })) test(c.name, () => c.run());
});

test("without a world of its own choice, a service sees itself alone", async () => {
  const one = await instantiate(memoryRegistry);
  const other = await instantiate(memoryRegistry);
  await one.register(record);
  expect(await one.get("greeter")).toHaveLength(1);
  expect(await other.get("greeter")).toEqual([]);
});

test("a world that is none is refused by name", async () => {
  const world = {} as MemoryRegistryWorld;
  await expect(instantiate(memoryRegistry, { config: { world } })).rejects.toThrow(
    "options of 'registry-memory': world: must be a MemoryRegistryWorld",
  );
});

test("a ttl of 0 never ends", async () => {
  const registry = new MemoryRegistryWorld().connect();
  await registry.register(record, { ttlMs: 0 });
  expect(await registry.get("greeter")).toHaveLength(1);
});

test("stop takes away its own nodes only", async () => {
  const world = new MemoryRegistryWorld();
  const one = world.connect();
  const other = world.connect();
  await one.register(record);
  await other.register({ ...record, nodes: [{ id: "greeter-2", address: "127.0.0.1:2", metadata: {} }] });
  await one.stop?.({ graceMs: 0 });
  const ids = (await other.get("greeter")).flatMap(({ nodes }) => nodes.map(({ id }) => id));
  expect(ids).toEqual(["greeter-2"]);
  await expect(one.get("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
