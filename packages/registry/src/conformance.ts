import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type ConformanceCase, eventually, within } from "@micro/core/conformance";
import type { Node, ServiceRecord } from "./model.ts";
import type { RegistryBackend, RegistryEvent } from "./registry.ts";

/** What the suite needs to know of a registry plugin. */
export interface RegistryHarness {
  /** A new instance, not started; all instances of one harness see the same world. The suite starts and stops it. */
  readonly create: () => Promise<RegistryBackend>;
  /** How long one instance may need to see what another did, in ms. @default 2000 */
  readonly convergenceMs?: number;
  /** Nodes that are not registered again vanish after their ttl. @default true */
  readonly ttl?: boolean;
  /** Metadata of the service itself survives; Go's mDNS packets have no place for it (spec 3.2). @default true */
  readonly serviceMetadata?: boolean;
}

interface World {
  /** A started instance; stopped when the case is over. */
  readonly open: () => Promise<RegistryBackend>;
  /** A name nobody else uses. */
  readonly name: string;
  /** `check` until it holds, as long as the harness allows. */
  readonly soon: <T>(check: () => Promise<T> | T) => Promise<T>;
  readonly convergenceMs: number;
}

/** The promises of {@link RegistryBackend}, for the tests of a plugin. */
export function registryConformance(harness: RegistryHarness): readonly ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const promise = (name: string, run: (world: World) => Promise<void>): void => {
    cases.push({ name, run: () => inWorld(harness, run) });
  };

  promise("a registered node is found, listed, and gone when deregistered", async ({ open, name, soon }) => {
    const registry = await open();
    const record = service(name, [node(name, 1)]);
    await registry.register(record);
    await soon(async () => deepStrictEqual(await nodesOf(registry, name), [record.nodes[0]]));
    await soon(async () => ok((await registry.list()).includes(name), "list names it"));
    await registry.deregister(record);
    await soon(async () => strictEqual((await registry.get(name)).length, 0));
    await soon(async () => ok(!(await registry.list()).includes(name), "list forgets it"));
  });

  promise("nobody there is an empty list, not an error", async ({ open, name }) => {
    deepStrictEqual(await (await open()).get(name), []);
  });

  promise("deregistering an unknown node is no error", async ({ open, name }) => {
    await (await open()).deregister(service(name, [node(name, 1)]));
  });

  promise("names are listed sorted and once", async ({ open, name, soon }) => {
    const registry = await open();
    for (const suffix of ["b", "a"]) {
      const each = `${name}${suffix}`;
      await registry.register(service(each, [node(each, 1), node(each, 2)]));
    }
    await soon(async () => {
      const mine = (await registry.list()).filter((each) => each.startsWith(name));
      deepStrictEqual(mine, [`${name}a`, `${name}b`]);
    });
  });

  promise("two nodes of one version are one record", async ({ open, name, soon }) => {
    const registry = await open();
    await registry.register(service(name, [node(name, 1)]));
    await registry.register(service(name, [node(name, 2)]));
    await soon(async () => {
      strictEqual((await registry.get(name)).length, 1);
      deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]);
    });
  });

  promise("two nodes of one registration are both there", async ({ open, name, soon }) => {
    const registry = await open();
    await registry.register(service(name, [node(name, 1), node(name, 2)]));
    await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]));
  });

  promise("two versions are two records", async ({ open, name, soon }) => {
    const registry = await open();
    await registry.register(service(name, [node(name, 1)]));
    await registry.register({ ...service(name, [node(name, 2)]), version: "v2" });
    await soon(async () => {
      const found = (await registry.get(name)).map(
        (r) => `${r.version}: ${r.nodes.map(({ id }) => id).join()}`,
      );
      deepStrictEqual(found.sort(), [`v1: ${name}-1`, `v2: ${name}-2`]);
    });
  });

  promise("deregistering one node leaves the others", async ({ open, name, soon }) => {
    const registry = await open();
    await registry.register(service(name, [node(name, 1), node(name, 2)]));
    await soon(async () => strictEqual((await idsOf(registry, name)).length, 2));
    await registry.deregister(service(name, [node(name, 1)]));
    await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-2`]));
  });

  promise("version, metadata and endpoints survive, in any script", async ({ open, name, soon }) => {
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
  });

  promise("registering again makes no second node", async ({ open, name, soon }) => {
    const registry = await open();
    const record = service(name, [node(name, 1)]);
    await registry.register(record);
    await registry.register(record);
    await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`]));
  });

  promise("registering again replaces what the node said before", async ({ open, name, soon }) => {
    const registry = await open();
    await registry.register(service(name, [node(name, 1)]));
    await soon(async () => strictEqual((await idsOf(registry, name)).length, 1));
    const changed: Node = { ...node(name, 1), address: "127.0.0.1:9999", metadata: { zone: "b" } };
    await registry.register(service(name, [changed]));
    await soon(async () => deepStrictEqual(await nodesOf(registry, name), [changed]));
  });

  promise("what the caller changes later does not reach the registry", async ({ open, name, soon }) => {
    const registry = await open();
    const metadata: Record<string, string> = { zone: "a" };
    await registry.register(service(name, [{ ...node(name, 1), metadata }]));
    metadata.zone = "b";
    await soon(async () => strictEqual((await nodesOf(registry, name))[0]?.metadata.zone, "a"));
  });

  promise("instances of one world see each other's nodes", async ({ open, name, soon }) => {
    const [one, other] = [await open(), await open()];
    const [here, there] = [service(name, [node(name, 1)]), service(name, [node(name, 2)])];
    await one.register(here);
    await other.register(there);
    for (const registry of [one, other]) {
      await soon(async () => deepStrictEqual(await idsOf(registry, name), [`${name}-1`, `${name}-2`]));
    }
    await one.deregister(here);
    await soon(async () => deepStrictEqual(await idsOf(other, name), [`${name}-2`]));
  });

  promise("a stopped instance leaves no nodes of its own", async ({ open, name, soon }) => {
    const [one, other] = [await open(), await open()];
    await one.register(service(name, [node(name, 1)]));
    await soon(async () => strictEqual((await idsOf(other, name)).length, 1));
    await one.stop?.({ graceMs: 1000 });
    await soon(async () => strictEqual((await idsOf(other, name)).length, 0));
  });

  promise("stopping twice is no error", async ({ open }) => {
    const registry = await open();
    await registry.stop?.({ graceMs: 1000 });
    await registry.stop?.({ graceMs: 1000 });
  });

  if (harness.ttl ?? true) cases.push(...ttlCases(harness));
  cases.push(...watchCases(harness));
  return cases;
}

function ttlCases(harness: RegistryHarness): ConformanceCase[] {
  return [
    {
      name: "a node that is not registered again vanishes after its ttl, one that is stays",
      run: () =>
        inWorld(harness, async ({ open, name, soon, convergenceMs }) => {
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
        }),
    },
    {
      name: "watchers are told of a node whose ttl is over",
      run: () =>
        inWorld(harness, async ({ open, name, convergenceMs }) => {
          const registry = await open();
          const watcher = follow(registry, name, convergenceMs + 1000);
          await watcher.until(() => true);
          await registry.register(service(name, [node(name, 1)]), { ttlMs: 500 });
          await watcher.until((ids) => ids.size === 1);
          await watcher.until((ids) => ids.size === 0);
          await watcher.leave();
        }),
    },
  ];
}

function watchCases(harness: RegistryHarness): ConformanceCase[] {
  const promise = (name: string, run: (world: World) => Promise<void>): ConformanceCase => ({
    name,
    run: () => inWorld(harness, run),
  });
  return [
    promise(
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

    promise(
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

    promise("a watch of one service tells of no other", async ({ open, name, convergenceMs }) => {
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

    promise("a watch without a service tells of all", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const watcher = follow(registry, undefined, convergenceMs);
      await watcher.until(() => true);
      await registry.register(service(`${name}a`, [node(`${name}a`, 1)]));
      await registry.register(service(`${name}b`, [node(`${name}b`, 1)]));
      await watcher.until((ids) => ids.has(`${name}a-1`) && ids.has(`${name}b-1`));
      await watcher.leave();
    }),

    promise("a watch ends when its signal aborts", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const controller = new AbortController();
      const iterator = registry.watch({ service: name, signal: controller.signal })[Symbol.asyncIterator]();
      await within("the first snapshot", iterator.next(), convergenceMs);
      const waiting = iterator.next();
      controller.abort();
      strictEqual((await within("the end of the watch", waiting, 1000)).done, true);
    }),

    promise("a watch whose signal has aborted ends at once", async ({ open, name }) => {
      const registry = await open();
      const iterator = registry.watch({ service: name, signal: AbortSignal.abort() })[Symbol.asyncIterator]();
      strictEqual((await within("the end of the watch", iterator.next(), 1000)).done, true);
    }),

    promise("a watch ends when its reader leaves", async ({ open, name, convergenceMs }) => {
      const registry = await open();
      const left = (async () => {
        for await (const event of registry.watch({ service: name })) return event.type;
        return "nothing";
      })();
      strictEqual(await within("leaving the watch", left, convergenceMs + 1000), "snapshot");
    }),

    promise("a watch ends when the registry stops", async ({ open, name, convergenceMs }) => {
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

async function inWorld(harness: RegistryHarness, run: (world: World) => Promise<void>): Promise<void> {
  const opened: RegistryBackend[] = [];
  const convergenceMs = harness.convergenceMs ?? 2000;
  try {
    await run({
      open: async () => {
        const registry = await harness.create();
        opened.push(registry);
        await registry.start?.({ signal: AbortSignal.timeout(5000) });
        return registry;
      },
      name: `conf-${randomBytes(4).toString("hex")}`,
      soon: (check) => eventually(check, { timeoutMs: convergenceMs }),
      convergenceMs,
    });
  } finally {
    for (const registry of opened) await registry.stop?.({ graceMs: 1000 });
  }
}

function node(serviceName: string, number: number): Node {
  return {
    id: `${serviceName}-${number}`,
    address: `127.0.0.1:${4000 + number}`,
    metadata: { protocol: "mucp" },
  };
}

function service(name: string, nodes: readonly Node[]): ServiceRecord {
  return { name, version: "v1", metadata: {}, endpoints: [], nodes };
}

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

async function nodesOf(registry: RegistryBackend, name: string): Promise<readonly Node[]> {
  return (await registry.get(name)).flatMap((record) => record.nodes);
}

async function idsOf(registry: RegistryBackend, name: string): Promise<readonly string[]> {
  return (await nodesOf(registry, name)).map(({ id }) => id).sort();
}

interface Follower {
  readonly events: readonly RegistryEvent[];
  /** Reads on until the node ids that the events add up to are as wished; at least one event must have come. */
  until(check: (ids: ReadonlySet<string>) => boolean): Promise<void>;
  leave(): Promise<void>;
}

function follow(registry: RegistryBackend, name: string | undefined, timeoutMs: number): Follower {
  const options = name === undefined ? {} : { service: name };
  const iterator = registry.watch(options)[Symbol.asyncIterator]();
  const events: RegistryEvent[] = [];
  const ids = new Set<string>();
  const apply = (event: RegistryEvent): void => {
    if (event.type === "snapshot") ids.clear();
    const records = event.type === "snapshot" ? event.services : [event.service];
    for (const { id } of records.flatMap((record) => record.nodes)) {
      if (event.type === "delete") ids.delete(id);
      else ids.add(id);
    }
  };
  return {
    events,
    async until(check) {
      const end = performance.now() + timeoutMs;
      while (events.length === 0 || !check(ids)) {
        const left = Math.max(1, end - performance.now());
        const what = `the awaited event of the watch (nodes so far: ${[...ids].join(", ") || "none"})`;
        const { done, value } = await within(what, iterator.next(), left);
        ok(done !== true, "the watch ended too early");
        events.push(value);
        apply(value);
      }
    },
    async leave() {
      await iterator.return?.();
    },
  };
}
