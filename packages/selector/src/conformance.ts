import assert from "node:assert/strict";
import { MicroError } from "@micro/core";
import { type ConformanceCase, eventually } from "@micro/core/conformance";
import { TestRegistry } from "./conformance-registry.ts";
import type { Selection, Selector, SelectRequest } from "./selector.ts";

export { type TestNode, TestRegistry } from "./conformance-registry.ts";

/** Options of the component that the suite sets. */
export interface SelectorTestConfig {
  readonly ejectAfter: number;
  readonly ejectTime: number;
  readonly panicThreshold: number;
}

/** What the suite needs of an implementation. */
export interface SelectorHarness {
  /** A new selector on this registry, ready for use. */
  create(registry: TestRegistry, config: SelectorTestConfig): Promise<Selector>;
}

/** Rules of most cases: one failure ejects, for longer than a case runs. */
const CONFIG: SelectorTestConfig = { ejectAfter: 1, ejectTime: 60_000, panicThreshold: 0 };

/** The promises of {@link Selector}, to be run by every implementation, whatever its strategy. */
export function selectorConformance(harness: SelectorHarness): readonly ConformanceCase[] {
  const test = (
    name: string,
    run: (world: World) => Promise<void>,
    config: Partial<SelectorTestConfig> = {},
  ): ConformanceCase => ({
    name,
    run: async () => {
      const registry = new TestRegistry();
      const selector = await harness.create(registry, { ...CONFIG, ...config });
      await run(new World(registry, selector));
    },
  });
  return [
    test("chooses nodes that the registry names", choosesKnown),
    test("answers at once from a cached snapshot, with a promise else", atOnce),
    test("nobody there is NOT_FOUND and says which registry was asked", nobody),
    test("a registry that cannot be asked is UNAVAILABLE", cannotAsk),
    test("an aborted signal is CANCELLED", aborted),
    test("follows the registry", follows),
    test("filters by version, endpoint, metadata and function, alone and together", filters),
    test("endpoints that are not known let a node through", unknownEndpoints),
    test("says which filter left nobody", nobodyFits),
    test("a key stays on its node, and moves only when that one goes", sticky),
    test("keys are spread over all nodes", spread),
    test("excluded nodes are used only when there is no other", excluded),
    test("a node that fails is left out", ejects),
    test("failures count only in a row, and each kind of outcome as it should", countsInARow, {
      ejectAfter: 3,
    }),
    test("a node that is left out is tried again, once at a time, and comes back", comesBack, {
      ejectTime: 30,
    }),
    test("never leaves out all nodes", neverAll),
    test("ignores ejection when too few nodes are left", panics, { panicThreshold: 0.5 }),
    test("an unreachable node is evicted from the registry, others are not", evicts, { ejectAfter: 10 }),
    test("a draining node gets nothing new until the registry names it anew", drains),
    test("done counts once", doneOnce, { ejectAfter: 2 }),
  ];
}

class World {
  readonly registry: TestRegistry;
  readonly selector: Selector;

  constructor(registry: TestRegistry, selector: Selector) {
    this.registry = registry;
    this.selector = selector;
  }

  async select(request: Partial<SelectRequest> = {}): Promise<Selection> {
    return this.selector.select({ service: "greeter", ...request });
  }

  /** The nodes that `count` choices come to; each ends "cancelled", which says nothing of the node. */
  async chosen(request: Partial<SelectRequest> = {}, count = 60): Promise<string[]> {
    const ids = new Set<string>();
    for (let i = 0; i < count; i++) {
      const selection = await this.select(request);
      ids.add(selection.node.id);
      selection.done("cancelled");
    }
    return [...ids].sort();
  }

  /** A choice of exactly this node. */
  async selectionOf(id: string): Promise<Selection> {
    const selection = await this.select({ filter: (node) => node.id === id });
    assert.equal(selection.node.id, id);
    return selection;
  }

  async fails(request: Partial<SelectRequest>, code: string): Promise<MicroError> {
    try {
      await this.select(request);
    } catch (error) {
      assert.ok(MicroError.is(error), `expected a MicroError, got ${error as string}`);
      assert.equal(error.code, code, error.detail);
      return error;
    }
    return assert.fail(`expected ${code}`);
  }

  nodes(...ids: string[]): void {
    this.registry.set(
      "greeter",
      ids.map((id) => ({ id })),
    );
  }
}

async function choosesKnown(world: World): Promise<void> {
  world.nodes("a", "b", "c");
  world.registry.set("other", [{ id: "x" }]);
  assert.deepEqual(await world.chosen({}, 200), ["a", "b", "c"]);
  const selection = await world.select();
  assert.equal(selection.node.address, `${selection.node.id}:80`);
  assert.equal(selection.version, "latest");
  selection.done("ok");
}

async function atOnce({ registry, selector }: World): Promise<void> {
  registry.set("greeter", [{ id: "a" }]);
  const direct = selector.select({ service: "greeter" });
  assert.ok(!(direct instanceof Promise), "a cached snapshot needs no promise");
  direct.done("ok");
  assert.equal(registry.asked, 0);
  registry.cached = false;
  const later = selector.select({ service: "greeter" });
  assert.ok(later instanceof Promise);
  (await later).done("ok");
  assert.equal(registry.asked, 1);
}

async function nobody(world: World): Promise<void> {
  const error = await world.fails({}, "NOT_FOUND");
  assert.equal(error.id, "go.micro.client");
  assert.match(error.detail, /^service greeter: not found/);
  assert.match(error.detail, /'test'/);
  world.registry.set("greeter", []);
  await world.fails({}, "NOT_FOUND");
}

async function cannotAsk(world: World): Promise<void> {
  world.registry.cached = false;
  world.registry.error = new MicroError({ code: "UNAVAILABLE", detail: "down" });
  await world.fails({}, "UNAVAILABLE");
  world.registry.error = new Error("socket hang up");
  await world.fails({}, "UNAVAILABLE");
}

async function aborted(world: World): Promise<void> {
  world.nodes("a");
  await world.fails({ signal: AbortSignal.abort() }, "CANCELLED");
}

async function follows(world: World): Promise<void> {
  world.nodes("a", "b");
  assert.deepEqual(await world.chosen(), ["a", "b"]);
  world.nodes("b", "c");
  assert.deepEqual(await world.chosen(), ["b", "c"]);
  world.registry.set("greeter", [{ id: "b", address: "moved:1" }]);
  const selection = await world.select();
  assert.equal(selection.node.address, "moved:1");
  selection.done("ok");
  world.nodes();
  await world.fails({}, "NOT_FOUND");
}

async function filters(world: World): Promise<void> {
  world.registry.set("greeter", [
    { id: "a1", version: "1", endpoints: ["G.Hello"], metadata: { zone: "x" } },
    { id: "b1", version: "1", metadata: { zone: "y" } },
    { id: "a2", version: "2", endpoints: ["G.Hello", "G.Bye"], metadata: { zone: "x" } },
    { id: "b2", version: "2", metadata: { zone: "y" } },
  ]);
  assert.deepEqual(await world.chosen({}, 200), ["a1", "a2", "b1", "b2"]);
  assert.deepEqual(await world.chosen({ version: "1" }), ["a1", "b1"]);
  assert.deepEqual(await world.chosen({ endpoint: "G.Bye" }), ["a2", "b2"]);
  assert.deepEqual(await world.chosen({ metadata: { zone: "x" } }), ["a1", "a2"]);
  assert.deepEqual(await world.chosen({ metadata: { record: "2" } }), ["a2", "b2"]);
  assert.deepEqual(await world.chosen({ filter: ({ id }) => id.startsWith("b") }), ["b1", "b2"]);
  assert.deepEqual(await world.chosen({ filter: (_, version) => version === "2" }), ["a2", "b2"]);
  assert.deepEqual(await world.chosen({ version: "2", endpoint: "G.Hello", metadata: { zone: "y" } }), [
    "b2",
  ]);
  assert.deepEqual(await world.chosen({ version: "2", filter: ({ id }) => id !== "a2" }), ["b2"]);
}

async function unknownEndpoints(world: World): Promise<void> {
  world.registry.set("greeter", [
    { id: "a", version: "1", endpoints: ["G.Hello"] },
    { id: "b", version: "2" },
  ]);
  assert.deepEqual(await world.chosen({ endpoint: "G.Other" }), ["b"]);
  assert.deepEqual(await world.chosen({ endpoint: "G.Hello" }), ["a", "b"]);
}

async function nobodyFits(world: World): Promise<void> {
  world.registry.set("greeter", [{ id: "a", version: "1", endpoints: ["G.Hello"] }]);
  for (const [request, text] of [
    [{ version: "9" }, /version '9'/],
    [{ endpoint: "G.Nope" }, /endpoint 'G.Nope'/],
    [{ metadata: { zone: "z" } }, /metadata 'zone=z'/],
    [{ filter: () => false }, /filter function/],
    [{ key: "k", filter: () => false }, /filter function/],
  ] as const) {
    const error = await world.fails(request, "NOT_FOUND");
    assert.equal(error.id, "go.micro.client");
    assert.match(error.detail, /^service greeter: none available for /);
    assert.match(error.detail, text);
  }
}

async function owners(world: World, keys: number): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  for (let i = 0; i < keys; i++) {
    const selection = await world.select({ key: `key ${i}` });
    result.set(`key ${i}`, selection.node.id);
    selection.done("ok");
  }
  return result;
}

async function sticky(world: World): Promise<void> {
  world.nodes("a", "b", "c", "d");
  const before = await owners(world, 200);
  assert.deepEqual(await owners(world, 200), before);
  // The order of the registry's answer does not matter.
  world.nodes("d", "c", "a", "b");
  assert.deepEqual(await owners(world, 200), before);
  world.nodes("a", "b", "d");
  const after = await owners(world, 200);
  for (const [key, owner] of before) if (owner !== "c") assert.equal(after.get(key), owner);
  world.nodes("a", "b", "c", "d");
  assert.deepEqual(await owners(world, 200), before);
}

async function spread(world: World): Promise<void> {
  world.nodes("a", "b", "c", "d");
  const counts = new Map<string, number>();
  for (const owner of (await owners(world, 1000)).values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort(), ["a", "b", "c", "d"]);
  for (const [id, count] of counts) assert.ok(count > 150 && count < 350, `${id} has ${count} of 1000 keys`);
}

async function excluded(world: World): Promise<void> {
  world.nodes("a", "b", "c");
  assert.deepEqual(await world.chosen({ exclude: new Set(["a"]) }), ["b", "c"]);
  assert.deepEqual(await world.chosen({ exclude: new Set(["a", "c"]) }), ["b"]);
  assert.deepEqual(await world.chosen({ exclude: new Set(["a", "c"]), key: "k" }, 5), ["b"]);
  assert.deepEqual(await world.chosen({ exclude: new Set(["a", "b", "c"]) }, 200), ["a", "b", "c"]);
  assert.deepEqual(
    await world.chosen({ exclude: new Set(["a", "b", "c"]), filter: ({ id }) => id !== "b" }, 100),
    ["a", "c"],
  );
}

async function ejects(world: World): Promise<void> {
  world.nodes("a", "b", "c");
  (await world.selectionOf("b")).done("timeout");
  assert.deepEqual(await world.chosen(), ["a", "c"]);
  assert.ok(![...(await owners(world, 100)).values()].includes("b"));
}

async function countsInARow(world: World): Promise<void> {
  world.nodes("a", "b");
  const end = async (...outcomes: Parameters<Selection["done"]>[0][]) => {
    for (const outcome of outcomes) (await world.selectionOf("a")).done(outcome);
  };
  await end("timeout", "timeout", "ok", "timeout", "timeout", "cancelled", "ok");
  assert.deepEqual(await world.chosen(), ["a", "b"]);
  await end("timeout", "timeout", "cancelled", "timeout");
  assert.deepEqual(await world.chosen(), ["b"]);
}

async function comesBack(world: World): Promise<void> {
  world.nodes("a", "b");
  (await world.selectionOf("a")).done("timeout");
  const trial = async (): Promise<Selection> =>
    eventually(async () => {
      const selection = await world.select();
      if (selection.node.id === "a") return selection;
      selection.done("ok");
      throw new Error("not tried again");
    });
  const first = await trial();
  // While one call tries it, no other goes there.
  assert.deepEqual(await world.chosen(), ["b"]);
  first.done("timeout");
  assert.deepEqual(await world.chosen({}, 20), ["b"]);
  (await trial()).done("ok");
  assert.deepEqual(await world.chosen(), ["a", "b"]);
}

async function neverAll(world: World): Promise<void> {
  world.nodes("a", "b");
  for (const id of ["a", "b"]) (await world.selectionOf(id)).done("timeout");
  assert.deepEqual(await world.chosen({}, 100), ["a", "b"]);
  (await world.select({ key: "k" })).done("ok");
}

async function panics(world: World): Promise<void> {
  world.nodes("a", "b", "c", "d", "e");
  for (const id of ["a", "b"]) (await world.selectionOf(id)).done("timeout");
  assert.deepEqual(await world.chosen({}, 200), ["c", "d", "e"]);
  (await world.selectionOf("c")).done("timeout");
  assert.deepEqual(await world.chosen({}, 200), ["a", "b", "c", "d", "e"]);
}

async function evicts(world: World): Promise<void> {
  world.nodes("a", "b");
  for (const outcome of ["ok", "timeout", "draining", "cancelled"] as const) {
    (await world.selectionOf("a")).done(outcome);
  }
  assert.deepEqual(world.registry.evicted, []);
  (await world.selectionOf("b")).done("unreachable");
  assert.deepEqual(world.registry.evicted, ["b"]);
  assert.deepEqual(await world.chosen(), ["a"]);
}

async function drains(world: World): Promise<void> {
  world.nodes("a", "b");
  const running = await world.selectionOf("a");
  (await world.selectionOf("a")).done("draining");
  assert.deepEqual(await world.chosen(), ["b"]);
  // Calls that it finishes do not bring it back.
  running.done("ok");
  assert.deepEqual(await world.chosen(), ["b"]);
  world.nodes("b");
  assert.deepEqual(await world.chosen(), ["b"]);
  world.nodes("a", "b");
  assert.deepEqual(await world.chosen(), ["a", "b"]);
}

async function doneOnce(world: World): Promise<void> {
  world.nodes("a", "b");
  const selection = await world.selectionOf("a");
  for (let i = 0; i < 5; i++) selection.done("timeout");
  assert.deepEqual(await world.chosen(), ["a", "b"]);
}
