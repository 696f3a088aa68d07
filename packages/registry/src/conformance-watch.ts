import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type ConformanceCase, within } from "@micro/core/conformance";
import { follow } from "./conformance-follower.ts";
import { idsOf, inWorld, node, type RegistryHarness, service } from "./conformance-world.ts";

/** What watchers are told. */
export function watchCases(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    inWorld(
      harness,
      "a watch begins with a snapshot of what is there",
      async ({ open, name, soon, convergenceMs }) => {
        const registry = await open();
        await registry.register(service(name, [node(name, 1)]));
        await soon(async () => strictEqual((await idsOf(registry, name)).length, 1));
        const watcher = follow(registry, name, convergenceMs);
        await watcher.until((ids) => ids.size === 1);
        strictEqual(watcher.events[0]?.type, "snapshot");
        await watcher.leave();
      },
    ),
    inWorld(
      harness,
      "a watch tells what comes and goes, of other instances too",
      async ({ open, name, convergenceMs }) => {
        const [one, other] = [await open(), await open()];
        const watcher = follow(one, name, convergenceMs);
        await watcher.until(() => true);
        strictEqual(watcher.events[0]?.type, "snapshot", "even when nobody is there");
        await other.register(service(name, [node(name, 1)]));
        await watcher.until((ids) => ids.has(`${name}-1`));
        await one.register(service(name, [node(name, 2)]));
        await watcher.until((ids) => ids.has(`${name}-2`));
        await other.deregister(service(name, [node(name, 1)]));
        await watcher.until((ids) => ids.size === 1 && ids.has(`${name}-2`));
        await watcher.leave();
      },
    ),
    inWorld(harness, "a watch of one service tells of no other", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const watcher = follow(registry, name, convergenceMs);
      await watcher.until(() => true);
      await registry.register(service(`${name}x`, [node(`${name}x`, 1)]));
      await registry.register(service(name, [node(name, 1)]));
      await watcher.until((ids) => ids.size === 1);
      const told = watcher.events.flatMap((e) => (e.type === "snapshot" ? e.services : [e.service]));
      deepStrictEqual([...new Set(told.map((record) => record.name))], [name]);
      await watcher.leave();
    }),
    inWorld(harness, "a watch without a service tells of all", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const watcher = follow(registry, undefined, convergenceMs);
      await watcher.until(() => true);
      await registry.register(service(`${name}a`, [node(`${name}a`, 1)]));
      await registry.register(service(`${name}b`, [node(`${name}b`, 1)]));
      await watcher.until((ids) => ids.has(`${name}a-1`) && ids.has(`${name}b-1`));
      await watcher.leave();
    }),
    inWorld(harness, "a watch ends when its signal aborts", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const controller = new AbortController();
      const iterator = registry.watch({ service: name, signal: controller.signal })[Symbol.asyncIterator]();
      await within("the first snapshot", iterator.next(), convergenceMs);
      const waiting = iterator.next();
      controller.abort();
      strictEqual((await within("the end of the watch", waiting, 1000)).done, true);
    }),
    inWorld(harness, "a watch whose signal has aborted ends at once", async ({ open, name }) => {
      const registry = await open();
      const iterator = registry.watch({ service: name, signal: AbortSignal.abort() })[Symbol.asyncIterator]();
      strictEqual((await within("the end of the watch", iterator.next(), 1000)).done, true);
    }),
    inWorld(harness, "a watch ends when its reader leaves", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const left = (async () => {
        for await (const event of registry.watch({ service: name })) return event.type;
        return "nothing";
      })();
      strictEqual(await within("leaving the watch", left, convergenceMs + 1000), "snapshot");
    }),
    inWorld(harness, "a watch ends when the registry stops", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const iterator = registry.watch({ service: name })[Symbol.asyncIterator]();
      await within("the first snapshot", iterator.next(), convergenceMs);
      const ended = (async () => {
        while ((await iterator.next()).done !== true);
      })();
      await registry.stop?.({ graceMs: 1000 });
      await within("the end of the watch", ended, 1000);
    }),
  ];
}
