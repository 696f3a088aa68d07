import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { follow } from "./conformance-follower.ts";
import { idsOf, inWorld, node, type RegistryHarness, service } from "./conformance-world.ts";

/** Nodes that are not registered again. */
export function ttlCases(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    inWorld(
      harness,
      "a node that is not registered again vanishes after its ttl, one that is stays",
      async ({ open, name, soon, convergenceMs }) => {
        const registry = await open();
        const ttlMs = 700;
        const [left, kept] = [service(name, [node(name, 1)]), service(name, [node(name, 2)])];
        await registry.register(left, { ttlMs });
        await registry.register(kept, { ttlMs });
        await soon(async () => strictEqual((await idsOf(registry, name)).length, 2));
        const until = performance.now() + ttlMs + convergenceMs;
        while ((await idsOf(registry, name)).length === 2) {
          ok(
            performance.now() < until,
            `still there ${ttlMs + convergenceMs} ms after its last registration`,
          );
          await registry.register(kept, { ttlMs });
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        deepStrictEqual(await idsOf(registry, name), [`${name}-2`]);
      },
    ),
    inWorld(
      harness,
      "watchers are told of a node whose ttl is over",
      async ({ open, name, convergenceMs }) => {
        const registry = await open();
        const watcher = follow(registry, name, convergenceMs + 1000);
        await watcher.until(() => true);
        await registry.register(service(name, [node(name, 1)]), { ttlMs: 500 });
        await watcher.until((ids) => ids.size === 1);
        await watcher.until((ids) => ids.size === 0);
        await watcher.leave();
      },
    ),
  ];
}
