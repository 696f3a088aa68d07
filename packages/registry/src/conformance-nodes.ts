import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { idsOf, inWorld, node, nodesOf, type RegistryHarness, service } from "./conformance-world.ts";

/** Who is there. */
export function nodeCases(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    inWorld(
      harness,
      "a registered node is found, listed, and gone when deregistered",
      async ({ open, name, soon }) => {
        const registry = await open();
        const record = service(name, [node(name, 1)]);
        await registry.register(record);
        await soon(async () => deepStrictEqual(await nodesOf(registry, name), [record.nodes[0]]));
        await soon(async () => ok((await registry.list()).includes(name), "list names it"));
        await registry.deregister(record);
        await soon(async () => strictEqual((await registry.get(name)).length, 0));
        await soon(async () => ok(!(await registry.list()).includes(name), "list forgets it"));
      },
    ),
    inWorld(harness, "nobody there is an empty list, not an error", async ({ open, name }) => {
      deepStrictEqual(await (await open()).get(name), []);
    }),
    inWorld(harness, "deregistering an unknown node is no error", async ({ open, name }) => {
      await (await open()).deregister(service(name, [node(name, 1)]));
    }),
    inWorld(harness, "names are listed sorted and once", async ({ open, name, soon }) => {
      const registry = await open();
      for (const suffix of ["b", "a"]) {
        const each = `${name}${suffix}`;
        await registry.register(service(each, [node(each, 1), node(each, 2)]));
      }
      await soon(async () => {
        const mine = (await registry.list()).filter((each) => each.startsWith(name));
        deepStrictEqual(mine, [`${name}a`, `${name}b`]);
      });
    }),
    inWorld(harness, "two nodes of one version are one record", async ({ open, name, soon }) => {
      const registry = await open();
      await registry.register(service(name, [node(name, 1)]));
      await registry.register(service(name, [node(name, 2)]));
      await soon(async () => {
        strictEqual((await registry.get(name)).length, 1);
        deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]);
      });
    }),
    inWorld(harness, "two nodes of one registration are both there", async ({ open, name, soon }) => {
      const registry = await open();
      await registry.register(service(name, [node(name, 1), node(name, 2)]));
      await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]));
    }),
    inWorld(harness, "two versions are two records", async ({ open, name, soon }) => {
      const registry = await open();
      await registry.register(service(name, [node(name, 1)]));
      await registry.register({ ...service(name, [node(name, 2)]), version: "v2" });
      await soon(async () => {
        const found = (await registry.get(name)).map(
          (r) => `${r.version}: ${r.nodes.map(({ id }) => id).join()}`,
        );
        deepStrictEqual(found.sort(), [`v1: ${name}-1`, `v2: ${name}-2`]);
      });
    }),
    inWorld(harness, "deregistering one node leaves the others", async ({ open, name, soon }) => {
      const registry = await open();
      await registry.register(service(name, [node(name, 1), node(name, 2)]));
      await soon(async () => strictEqual((await idsOf(registry, name)).length, 2));
      await registry.deregister(service(name, [node(name, 1)]));
      await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-2`]));
    }),
  ];
}
