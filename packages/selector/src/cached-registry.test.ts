import { eventually } from "@micro/core/conformance";
import {
  createCachedRegistry,
  type GetOptions,
  mergeRecords,
  type Node,
  type Registry,
  type RegistryBackend,
  type RegistryEvent,
  type ServiceRecord,
} from "@micro/registry";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSelector } from "./create-selector.ts";
import { roundRobin } from "./strategy.ts";

/**
 * A registry whose answer can be changed, behind the caching layer that every service has. With `answering` its nodes have
 * answered, and others may until the test says `end`.
 */
function setUp(ids: readonly string[], { answering = false } = {}) {
  const record = (id: string, { version = "1", endpoint = "Greeter.Hello" } = {}): ServiceRecord => ({
    name: "greeter",
    version,
    metadata: {},
    endpoints: [{ name: endpoint, request: null, response: null, metadata: {} }],
    nodes: [{ id, address: `${id}:80`, metadata: { zone: id } }],
  });
  const ended = Promise.withResolvers<void>();
  const answers: ServiceRecord[] = [];
  let onFound: GetOptions["onFound"];
  const world = {
    ids,
    asked: 0,
    down: false,
    /** Another one answers. */
    answer: (id: string, options: { readonly version?: string; readonly endpoint?: string } = {}) => {
      const answer = record(id, options);
      answers.push(answer);
      onFound?.(answer);
    },
    /** All have answered. */
    end: ended.resolve,
  };
  const backend: RegistryBackend = {
    name: "fake",
    register: async () => undefined,
    deregister: async () => undefined,
    get: async (_, options = {}) => {
      world.asked++;
      if (world.down) throw new Error("connection refused");
      if (!answering) return mergeRecords(world.ids.map((id) => record(id)));
      ({ onFound } = options);
      for (const id of world.ids) world.answer(id);
      await ended.promise;
      return mergeRecords(answers);
    },
    list: async () => ["greeter"],
    async *watch(): AsyncIterable<RegistryEvent> {
      // Never tells anything: what the selector learns, it learns by asking.
    },
  };
  const registry = createCachedRegistry(backend, { cacheTtl: 60_000, cacheNegativeTtl: 20 });
  const config = { ejectAfter: 3, ejectTime: 1000, panicThreshold: 0.5 };
  const selector = createSelector({ registry, config, strategy: roundRobin });
  onTestFinished(() => world.end());
  return { world, registry, selector };
}

async function idsOf(registry: Registry): Promise<readonly string[]> {
  const { records } = await registry.snapshot("greeter");
  return records.flatMap(({ nodes }) => nodes.map(({ id }) => id));
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

describe("while nodes still answer the registry's question", () => {
  test("a call takes one that has answered", async () => {
    const { world, registry, selector } = setUp(["a"], { answering: true });
    expect((await selector.select({ service: "greeter" })).node.id).toBe("a");
    world.answer("b");
    expect((await selector.select({ service: "greeter" })).node.id).toMatch(/^[ab]$/);
    expect(registry.peek("greeter")).toBeUndefined();
    world.end();
    expect(await idsOf(registry)).toEqual(["a", "b"]);
    expect(world.asked).toBe(1);
  });

  test.each([
    ["an endpoint", { endpoint: "Greeter.Goodbye" }],
    ["a version", { version: "2" }],
    ["metadata", { metadata: { zone: "b" } }],
    ["a filter", { filter: ({ id }: Node) => id === "b" }],
    ["another try", { exclude: new Set(["a"]) }],
    ["a key, whose node all of them decide", { key: "ada" }],
  ] as const)("%s waits for those who are missing", async (_, condition) => {
    const { world, selector } = setUp(["a"], { answering: true });
    let chosen: string | undefined;
    const choosing = Promise.resolve(selector.select({ service: "greeter", ...condition })).then(
      ({ node }) => {
        chosen = node.id;
      },
    );
    // It goes out as soon as it can.
    await selector.select({ service: "greeter" });
    expect(chosen).toBeUndefined();
    world.answer("b", { version: "2", endpoint: "Greeter.Goodbye" });
    world.end();
    await choosing;
    expect(chosen).toBe("b");
  });

  test("one that is left out waits for those who are missing", async () => {
    const { world, selector } = setUp(["a"], { answering: true });
    for (let failure = 0; failure < 3; failure++) {
      (await selector.select({ service: "greeter" })).done("timeout");
    }
    const choosing = Promise.resolve(selector.select({ service: "greeter" }));
    // Longer than anybody waits who may go on.
    await new Promise((resolve) => setTimeout(resolve, 50));
    world.answer("b");
    expect((await choosing).node.id).toBe("b");
  });

  test("nobody fits: known when all have answered", async () => {
    const { world, selector } = setUp(["a"], { answering: true });
    const choosing = expect(selector.select({ service: "greeter", version: "9" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      detail: "service greeter: none available for version '9' (of 2 known nodes)",
    });
    await selector.select({ service: "greeter" });
    world.answer("b");
    world.end();
    await choosing;
  });

  test("a filter that fails is told as it is", async () => {
    const { selector } = setUp(["a"], { answering: true });
    const filter = (): boolean => {
      throw new TypeError("a mistake");
    };
    await expect(selector.select({ service: "greeter", filter })).rejects.toThrow(TypeError);
  });

  test("the first calls of many programs are spread over all who answer at once", async () => {
    const chosen: Record<string, number> = {};
    const programs = Array.from({ length: 200 }, async () => {
      const { selector } = setUp(["a", "b", "c", "d"], { answering: true });
      const { node } = await selector.select({ service: "greeter" });
      chosen[node.id] = (chosen[node.id] ?? 0) + 1;
    });
    await Promise.all(programs);
    for (const id of ["a", "b", "c", "d"]) expect(chosen[id]).toBeGreaterThan(20);
  });
});
