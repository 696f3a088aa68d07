import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { idsOf, inWorld, node, type RegistryHarness, service } from "./conformance-world.ts";
import type { ServiceRecord } from "./model.ts";

/** Several instances of one world, and their end. */
export function instanceCases(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    inWorld(harness, "instances of one world see each other's nodes", async ({ open, name, soon }) => {
      const [one, other] = [await open(), await open()];
      const [here, there] = [service(name, [node(name, 1)]), service(name, [node(name, 2)])];
      await one.register(here);
      await other.register(there);
      for (const registry of [one, other]) {
        await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]));
      }
      await one.deregister(here);
      await soon(async () => deepStrictEqual(await idsOf(other, name), [`${name}-2`]));
    }),
    inWorld(harness, "whom get tells of on the way is in its answer", async ({ open, name, soon }) => {
      const [one, other] = [await open(), await open()];
      await one.register(service(name, [node(name, 1)]));
      await other.register(service(name, [node(name, 2)]));
      await other.register(service(`${name}x`, [node(`${name}x`, 1)]));
      await soon(async () => strictEqual((await idsOf(one, name)).length, 2));
      const told: ServiceRecord[] = [];
      const answer = await one.get(name, { onFound: (record) => told.push(record) });
      const known = answer.flatMap(({ version, nodes }) => nodes.map((each) => ({ version, node: each })));
      for (const record of told) {
        strictEqual(record.name, name);
        for (const each of record.nodes) {
          deepStrictEqual(
            known.find(({ node: { id } }) => id === each.id),
            { version: record.version, node: each },
          );
        }
      }
      const before = told.length;
      await other.register(service(name, [node(name, 3)]));
      await soon(async () => strictEqual((await idsOf(one, name)).length, 3));
      strictEqual(told.length, before, "told of somebody after the answer");
    }),
    inWorld(harness, "a stopped instance leaves no nodes of its own", async ({ open, name, soon }) => {
      const [one, other] = [await open(), await open()];
      await one.register(service(name, [node(name, 1)]));
      await soon(async () => strictEqual((await idsOf(other, name)).length, 1));
      await one.stop?.({ graceMs: 1000 });
      await soon(async () => strictEqual((await idsOf(other, name)).length, 0));
    }),
    inWorld(harness, "stopping twice is no error", async ({ open }) => {
      const registry = await open();
      await registry.stop?.({ graceMs: 1000 });
      await registry.stop?.({ graceMs: 1000 });
    }),
  ];
}
