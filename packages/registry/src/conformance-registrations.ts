import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { idsOf, inWorld, node, nodesOf, type RegistryHarness, service } from "./conformance-world.ts";
import type { Node, ServiceRecord } from "./model.ts";

/** What is known of a node. */
export function registrationCases(harness: RegistryHarness): readonly ConformanceCase[] {
  return [
    inWorld(
      harness,
      "version, metadata and endpoints survive, in any script",
      async ({ open, name, soon }) => {
        const registry = await open();
        const record = described(name);
        await registry.register(record);
        await soon(async () => {
          const [found] = await registry.get(name);
          deepStrictEqual(found?.nodes, record.nodes);
          deepStrictEqual(found?.endpoints, record.endpoints);
          strictEqual(found?.version, record.version);
          if (harness.serviceMetadata ?? true) deepStrictEqual(found?.metadata, record.metadata);
        });
      },
    ),
    inWorld(harness, "registering again makes no second node", async ({ open, name, soon }) => {
      const registry = await open();
      const record = service(name, [node(name, 1)]);
      await registry.register(record);
      await registry.register(record);
      await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`]));
    }),
    inWorld(harness, "registering again replaces what the node said before", async ({ open, name, soon }) => {
      const registry = await open();
      await registry.register(service(name, [node(name, 1)]));
      await soon(async () => strictEqual((await idsOf(registry, name)).length, 1));
      const changed: Node = { ...node(name, 1), address: "127.0.0.1:9999", metadata: { zone: "b" } };
      await registry.register(service(name, [changed]));
      await soon(async () => deepStrictEqual(await nodesOf(registry, name), [changed]));
    }),
    inWorld(
      harness,
      "what the caller changes later does not reach the registry",
      async ({ open, name, soon }) => {
        const registry = await open();
        const metadata: Record<string, string> = { zone: "a" };
        await registry.register(service(name, [{ ...node(name, 1), metadata }]));
        metadata.zone = "b";
        await soon(async () => strictEqual((await nodesOf(registry, name))[0]?.metadata.zone, "a"));
      },
    ),
  ];
}

/** A record with something in every field. */
function described(name: string): ServiceRecord {
  const field = { name: "name", type: "string", values: null };
  return {
    name,
    version: "2.0.1-beta+7",
    metadata: { team: "größe", empty: "" },
    endpoints: [
      {
        name: "Greeter.Hello",
        request: { name: "HelloReq", type: "HelloReq", values: [field] },
        response: { name: "HelloRsp", type: "HelloRsp", values: [] },
        metadata: { stream: "true" },
      },
      {
        name: "Func",
        request: null,
        response: null,
        metadata: { topic: "人/事", subscriber: "true" },
      },
    ],
    nodes: [
      {
        id: `${name}-1`,
        address: "127.0.0.1:4001",
        metadata: { protocol: "mucp", "X-Zone": "東京 🗼", long: "x".repeat(600), quote: '"\\\n' },
      },
    ],
  };
}
