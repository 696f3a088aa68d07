import { eventually } from "@micro/core/conformance";
import {
  createCachedRegistry,
  type RegistryBackend,
  type RegistryEvent,
  type ServiceRecord,
} from "@micro/registry";
import { expect, test } from "vitest";
import { createSelector } from "./create-selector.ts";
import { roundRobin } from "./strategy.ts";

/** A registry whose answer can be changed, behind the caching layer that every service has. */
function setUp(ids: readonly string[]) {
  const world = { ids, asked: 0, down: false };
  const record = (): ServiceRecord => ({
    name: "greeter",
    version: "1",
    metadata: {},
    endpoints: [],
    nodes: world.ids.map((id) => ({ id, address: `${id}:80`, metadata: {} })),
  });
  const backend: RegistryBackend = {
    name: "fake",
    register: async () => undefined,
    deregister: async () => undefined,
    get: async () => {
      world.asked++;
      if (world.down) throw new Error("connection refused");
      return world.ids.length > 0 ? [record()] : [];
    },
    list: async () => ["greeter"],
    async *watch(): AsyncIterable<RegistryEvent> {
      // Never tells anything: what the selector learns, it learns by asking.
    },
  };
  const registry = createCachedRegistry(backend, { cacheTtl: 60_000, cacheNegativeTtl: 20 });
  const config = { ejectAfter: 3, ejectTime: 1000, panicThreshold: 0.5 };
  const selector = createSelector({ registry, config, strategy: roundRobin });
  return { world, registry, selector };
}

test("asks once, then answers at once", async () => {
  const { world, selector } = setUp(["a", "b"]);
  const [first, second] = await Promise.all([
    selector.select({ service: "greeter" }),
    selector.select({ service: "greeter" }),
  ]);
  expect(new Set([first.node.id, second.node.id])).toEqual(new Set(["a", "b"]));
  expect(selector.select({ service: "greeter" })).not.toBeInstanceOf(Promise);
  expect(world.asked).toBe(1);
});

test("an unreachable node is gone at once; when it was the last one the registry is asked again", async () => {
  const { world, selector } = setUp(["a", "b"]);
  for (let i = 0; i < 2; i++) (await selector.select({ service: "greeter" })).done("unreachable");
  world.ids = ["c"];
  const next = await selector.select({ service: "greeter" });
  expect(next.node.id).toBe("c");
  expect(world.asked).toBe(2);
});

test("nobody there is found out again soon", async () => {
  const { world, selector } = setUp([]);
  const select = async () => selector.select({ service: "greeter" });
  await expect(select()).rejects.toMatchObject({ code: "NOT_FOUND", id: "go.micro.client" });
  world.ids = ["late"];
  expect((await eventually(select)).node.id).toBe("late");
});

test("a registry that is down is UNAVAILABLE, not nobody", async () => {
  const { world, selector } = setUp(["a"]);
  world.down = true;
  const select = async () => selector.select({ service: "greeter" });
  await expect(select()).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
