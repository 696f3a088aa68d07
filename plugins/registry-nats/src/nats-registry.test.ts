import { nullLogger } from "@micro/core";
import { eventually, instantiate, within } from "@micro/core/conformance";
import { type NatsLink, natsOptions, sharedLink } from "@micro/nats";
import type { RegistryBackend, RegistryEvent, ServiceRecord } from "@micro/registry";
import { registryConformance } from "@micro/registry/conformance";
import { startNatsServer } from "@micro/servers";
import { sharedNatsServer } from "@micro/servers/vitest";
import { connect, RequestStrategy } from "nats";
import { afterEach, describe, expect, test } from "vitest";
import { natsRegistry } from "./index.ts";

type Config = Record<string, unknown>;

const server = await sharedNatsServer();
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const create = (config: Config = {}): Promise<RegistryBackend> =>
  instantiate(natsRegistry, {
    config: { addresses: [server().address], reconnectPause: "50ms", ...config },
  }) as Promise<RegistryBackend>;

async function open(config: Config = {}): Promise<RegistryBackend> {
  const registry = await create(config);
  cleanups.push(async () => registry.stop?.({ graceMs: 500 }));
  await registry.start?.({ signal: AbortSignal.timeout(5000) });
  return registry;
}

/** A client without a registry: what Go sees. */
async function rawLink(address = server().address): Promise<NatsLink> {
  const config = Object.fromEntries(
    Object.entries(natsOptions).map(([key, { default: value }]) => [
      key,
      typeof value === "string" ? 2000 : value,
    ]),
  ) as unknown as Parameters<typeof sharedLink>[0]["config"];
  const scope = { name: "raw", logger: nullLogger };
  const link = await sharedLink({ scope, config, addresses: [address], section: "raw" });
  await link.hold();
  cleanups.push(() => link.release({ graceMs: 500 }));
  return link;
}

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const json = <T = Record<string, unknown>>(data: Uint8Array): T =>
  JSON.parse(new TextDecoder().decode(data)) as T;

const record = (name: string, number = 1): ServiceRecord => ({
  name,
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: [{ id: `${name}-${number}`, address: `10.0.0.${number}:80`, metadata: { protocol: "mucp" } }],
});

/** Ids as the events of a watch add up to. */
function follow(registry: RegistryBackend, service: string) {
  const controller = new AbortController();
  const ids = new Set<string>();
  const events: RegistryEvent[] = [];
  const reading = (async () => {
    for await (const event of registry.watch({ service, signal: controller.signal })) {
      events.push(event);
      if (event.type === "snapshot") ids.clear();
      const records = event.type === "snapshot" ? event.services : [event.service];
      for (const { id } of records.flatMap(({ nodes }) => nodes)) {
        if (event.type === "delete") ids.delete(id);
        else ids.add(id);
      }
    }
  })();
  cleanups.push(async () => {
    controller.abort();
    await reading;
  });
  return {
    events,
    until: (wanted: readonly string[], timeoutMs = 5000) =>
      eventually(() => expect([...ids].sort()).toEqual(wanted), { timeoutMs }),
  };
}

const GENERATIONS = [
  { generation: "22", query: "micro.registry.nats.query", watch: "micro.registry.nats.watch" },
  { generation: "26", query: "micro.nats.query", watch: "micro.nats.watch" },
] as const;

/** A process of Go: answers questions with its service, on the subject of its generation alone. */
async function goNode(generation: (typeof GENERATIONS)[number], name: string, address = server().address) {
  const link = await rawLink(address);
  const node = {
    metadata: { broker: "http", protocol: "mucp" },
    id: `${name}-abc`,
    address: "10.0.0.5:41234",
  };
  const service = { name, version: "v1", metadata: null, endpoints: null, nodes: [node] };
  const questions: Record<string, unknown>[] = [];
  let silent = false;
  await link.subscribe(generation.query, {
    onMessage: ({ data, reply }) => {
      const question = json<{ Action: string; Service: { name: string } | null }>(data);
      if (question.Action === "get" && question.Service?.name !== name) return;
      questions.push(question);
      if (!silent && reply !== undefined) link.publish(reply, bytes(service));
    },
  });
  const tell = (action: string, said: unknown = service): void =>
    link.publish(generation.watch, bytes({ Service: said, Action: action }));
  return {
    link,
    questions,
    tell,
    goodbye: () => tell("delete", { ...service, nodes: [{ ...node, metadata: null }] }),
    silence: () => {
      silent = true;
    },
  };
}

describe("conformance", () => {
  for (const c of registryConformance({ create })) test(c.name, () => c.run());
});

describe.each(GENERATIONS)("Go Micro of generation $generation", (generation) => {
  test("its nodes are found, listed, watched, and gone when they say so", async () => {
    const registry = await open();
    const name = `go-${generation.generation}`;
    const watch = follow(registry, name);
    await watch.until([]);
    const go = await goNode(generation, name);
    expect((await registry.get(name))[0]).toMatchObject({
      name,
      version: "v1",
      endpoints: [],
      nodes: [{ id: `${name}-abc`, address: "10.0.0.5:41234", metadata: { protocol: "mucp" } }],
    });
    expect(await registry.list()).toContain(name);
    go.tell("create");
    await watch.until([`${name}-abc`]);
    go.goodbye();
    await watch.until([]);
    expect(go.questions).toEqual([
      { Action: "get", Service: { name, version: "", metadata: null, endpoints: null, nodes: null } },
      { Action: "list", Service: null },
    ]);
  });

  test("it is told of our nodes and gets its questions answered", async () => {
    const link = await rawLink();
    const told: Record<string, unknown>[] = [];
    await link.subscribe(generation.watch, { onMessage: ({ data }) => void told.push(json(data)) });
    const answers: Record<string, unknown>[] = [];
    await link.subscribe("inbox.go", { onMessage: ({ data }) => void answers.push(json(data)) });
    const registry = await open();
    const ours = record("ours");
    await registry.register(ours);
    // As captured from Go (spec 4.1).
    link.publish(
      generation.query,
      bytes(
        '{"Action":"get","Service":{"name":"ours","version":"","metadata":null,"endpoints":null,"nodes":null}}',
      ),
      { reply: "inbox.go" },
    );
    link.publish(generation.query, bytes('{"Service":null,"Action":"list"}'), { reply: "inbox.go" });
    await eventually(() => expect(answers).toHaveLength(2));
    for (const answer of answers) expect(answer).toMatchObject(JSON.parse(JSON.stringify(ours)));
    await registry.deregister(ours);
    await eventually(() => expect(told).toHaveLength(2));
    expect(told).toMatchObject([
      { Action: "create", Service: JSON.parse(JSON.stringify(ours)) },
      {
        Action: "delete",
        Service: {
          name: "ours",
          version: "v1",
          metadata: null,
          endpoints: null,
          nodes: [{ id: "ours-1", address: "10.0.0.1:80", metadata: null }],
        },
      },
    ]);
  });

  test("a node that says nothing when it goes is noticed, for it does not answer", async () => {
    const registry = await open({ refreshInterval: "200ms" });
    const name = `crash-${generation.generation}`;
    // What nobody answers is forgotten only when the connection is no news any more.
    const go = await goNode(generation, name);
    const watch = follow(registry, name);
    await watch.until([`${name}-abc`]);
    const asked = go.questions.length;
    await eventually(() => expect(go.questions.length).toBeGreaterThan(asked + 1));
    expect(watch.events).toHaveLength(1);
    go.silence();
    await watch.until([], 10_000);
  });
});

test("processes of both generations and ours are one service", async () => {
  const [registry, other] = [await open(), await open()];
  await goNode(GENERATIONS[0], "greeter");
  await goNode(GENERATIONS[1], "greeter");
  await other.register(record("greeter", 7));
  const found = await registry.get("greeter");
  expect(found.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort()).toEqual([
    "greeter-7",
    "greeter-abc",
  ]);
});

test("whoever asks is told of each node at once, while others may still answer", async () => {
  const registry = await open({ queryTimeout: "1s" });
  await registry.register(record("told", 1));
  await (await open()).register(record("told", 2));
  const told = new Set<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const began = performance.now();
  const answer = registry.get("told", {
    onFound: ({ nodes }) => {
      for (const { id } of nodes) told.add(id);
      if (told.size === 2) resolve();
    },
  });
  await promise;
  expect(performance.now() - began).toBeLessThan(500);
  expect(told).toEqual(new Set((await answer)[0]?.nodes.map(({ id }) => id)));
  expect(performance.now() - began).toBeGreaterThanOrEqual(999);
});

test("a node of another process that is not registered again is gone when its ttl is over", async () => {
  const registry = await open();
  const watch = follow(registry, "mortal");
  await watch.until([]);
  const link = await rawLink();
  const said = { Action: "create", Service: record("mortal"), From: "another", TTL: 400 };
  link.publish("micro.nats.watch", bytes(said));
  await watch.until(["mortal-1"]);
  await watch.until([]);
});

test("where nobody could answer, nobody is waited for", async () => {
  const registry = await open({ queryTimeout: "20s" });
  expect(await within("asking", registry.get("greeter"), 2000)).toEqual([]);
  expect(await within("listing", registry.list(), 2000)).toEqual([]);
});

test("noise on the subjects is read over", async () => {
  const [registry, other] = [await open(), await open()];
  const link = await rawLink();
  const watch = follow(registry, "greeter");
  await watch.until([]);
  const noise = ["", "null", "[]", "{", '{"Action":"create"}', '{"Action":"create","Service":{"name":7}}'];
  noise.push('{"Action":"explode","Service":null}', '{"Action":"get"}', '{"Action":"get","Service":{}}');
  noise.push('{"Action":"delete","Service":{"name":"greeter","version":"","nodes":null}}');
  await other.register(record("greeter"));
  await watch.until(["greeter-1"]);
  for (const { query, watch: subject } of GENERATIONS) {
    for (const text of noise) {
      link.publish(subject, bytes(text));
      link.publish(query, bytes(text), { reply: "inbox.noise" });
    }
  }
  await link.subscribe("micro.nats.query", {
    onMessage: ({ reply }) => {
      if (reply !== undefined) for (const text of noise) link.publish(reply, bytes(text));
    },
  });
  expect(await registry.get("greeter")).toHaveLength(1);
  await watch.until(["greeter-1"]);
});

test("more nodes than max_nodes are not remembered", async () => {
  const [registry, other] = [await open({ maxNodes: 3 }), await open()];
  const watch = follow(registry, "many");
  await watch.until([]);
  for (let number = 1; number <= 5; number++) await other.register(record("many", number));
  await watch.until(["many-1", "many-2", "many-3"]);
});

test("a service of many nodes is told in parts where the server takes no large messages", async () => {
  await using small = await startNatsServer({ config: "max_payload: 1500" });
  const addresses = [small.address];
  const [one, other] = [await open({ addresses }), await open({ addresses })];
  for (let number = 1; number <= 30; number++) await one.register(record("many", number));
  await eventually(async () => expect((await other.get("many"))[0]?.nodes).toHaveLength(30));
  const large = { ...record("large"), metadata: { text: "x".repeat(2000) } };
  await expect(one.register(large)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(await other.get("large")).toEqual([]);
});

describe("the services of NATS", () => {
  /** All answers of a question. */
  async function all(asking: Promise<AsyncIterable<object>>): Promise<readonly object[]> {
    const answers: object[] = [];
    for await (const answer of await asking) answers.push(answer);
    return answers;
  }

  test("its own client lists our nodes with version, endpoints and address, where that is wished", async () => {
    const [registry, quiet] = [await open({ natsServices: true }), await open()];
    const endpoint = { name: "Greeter.Hello", request: null, response: null, metadata: { stream: "true" } };
    const ours = { ...record("go.micro.greeter"), version: "1.2.3-beta", endpoints: [endpoint] };
    await registry.register(ours);
    await registry.register({ ...record("other"), version: "latest" });
    await quiet.register(record("quiet"));
    const connection = await connect({ servers: server().address });
    cleanups.push(() => connection.close());
    const client = connection.services.client({ strategy: RequestStrategy.Timer, maxWait: 200 });
    const pings = await all(client.ping());
    const infos = await all(client.info("go-micro-greeter"));
    const stats = await all(client.stats("other", "other-1"));
    expect(pings).toMatchObject([
      { name: "go-micro-greeter", id: "go-micro-greeter-1", version: "1.2.3-beta" },
      { name: "other", id: "other-1", version: "0.0.0", metadata: { version: "latest" } },
    ]);
    expect(infos).toMatchObject([
      {
        name: "go-micro-greeter",
        metadata: { address: "10.0.0.1:80", protocol: "mucp" },
        endpoints: [{ name: "Greeter-Hello", metadata: { stream: "true" } }],
      },
    ]);
    expect(stats).toMatchObject([{ name: "other", id: "other-1", endpoints: [] }]);
  });
});

describe("outages", () => {
  test("after a restart of the server nodes are found again, and watchers never lost them", async () => {
    await using own = await startNatsServer();
    const config = { addresses: [own.address], refreshInterval: "100ms" };
    const [one, other] = [await open(config), await open(config)];
    const watch = follow(other, "greeter");
    await watch.until([]);
    await one.register(record("greeter"), { ttlMs: 300 });
    await watch.until(["greeter-1"]);
    await one.register(record("greeter"));
    await own.kill();
    // A moment passes until the link knows.
    await eventually(async () => {
      const refused = other.get("greeter", { timeoutMs: 200 });
      await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE", notSent: true });
    });
    await expect(one.register(record("greeter", 2), { timeoutMs: 100 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await own.restart();
    await eventually(async () => {
      const [found] = await other.get("greeter", { timeoutMs: 500 });
      expect(found?.nodes.map(({ id }) => id)).toEqual(["greeter-1"]);
    });
    // A snapshot that follows the outage, and no delete.
    await eventually(() => expect(watch.events.filter(({ type }) => type === "snapshot")).toHaveLength(2));
    expect(watch.events.map(({ type }) => type)).not.toContain("delete");
    await one.register(record("greeter", 3));
    await watch.until(["greeter-1", "greeter-3"]);
  });

  test("a registry that starts before its server works when that comes", async () => {
    await using own = await startNatsServer();
    await own.stop();
    const addresses = [own.address];
    const [one, other] = [await open({ addresses }), await open({ addresses })];
    await expect(one.get("greeter", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      detail: expect.stringContaining(own.address),
    });
    await own.restart();
    await one.register(record("greeter"));
    await eventually(async () => expect(await other.get("greeter")).toHaveLength(1));
  });

  test("a registry that was stopped can be started again", async () => {
    const registry = await open();
    await registry.register(record("again"));
    await registry.stop?.({ graceMs: 500 });
    await expect(registry.get("again")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await registry.start?.({ signal: AbortSignal.timeout(5000) });
    expect(await registry.get("again")).toEqual([]);
    await registry.register(record("again"));
    expect(await registry.get("again")).toHaveLength(1);
  });
});
