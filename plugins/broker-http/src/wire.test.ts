import { once } from "node:events";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BrokerEvent } from "@micro/broker";
import { Metadata, MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { afterEach, describe, expect, test } from "vitest";
import { Fleet } from "./testing/fleet.ts";
import { exchange, GoPeer, goPost } from "./testing/go-peer.ts";

let fleet = new Fleet();
const peers: GoPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close();
  await fleet.stop();
  fleet = new Fleet();
});

async function goPeer(): Promise<GoPeer> {
  const peer = await GoPeer.listen();
  peers.push(peer);
  return peer;
}

const EVENT = Buffer.from('{"name":"ev"}\n');
const BODY_22 =
  '{"Header":{"Content-Type":"application/json","Foo-Bar":"baz","Micro-Id":"345a","Micro-Topic":"my.topic"},"Body":"eyJuYW1lIjoiZXYifQo="}';
const BODY_26 =
  '{"Header":{"Content-Type":"application/json","Micro-ID":"fae5","Micro-Topic":"my.topic","foo-bar":"baz"},"Body":"eyJuYW1lIjoiZXYifQo="}';
const BODY_PLUGIN =
  '{"Header":{":topic":"my.topic","Content-Type":"application/json","Foo-Bar":"baz","Micro-Id":"345a","Micro-Topic":"my.topic"},"Body":"eyJuYW1lIjoiZXYifQo="}';
const MESSAGE = {
  header: new Metadata({
    "micro-topic": "my.topic",
    "foo-bar": "baz",
    "micro-id": "345a",
    "content-type": "application/json",
  }),
  body: new Uint8Array(EVENT),
};

/** What is alive on the heap. */
function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** A subscription of ours, seen from outside. */
async function subscribed(options: { queue?: string; handler?: (event: BrokerEvent) => Promise<void> } = {}) {
  const broker = await fleet.broker();
  const events: BrokerEvent[] = [];
  const onEvent = async (event: BrokerEvent): Promise<void> => {
    events.push(event);
    await options.handler?.(event);
  };
  const { queue } = options;
  const subscription = await broker.subscribe("my.topic", onEvent, queue === undefined ? {} : { queue });
  const registry = await fleet.registry();
  const [record] = await registry.get("micro.http.broker");
  const [node] = record?.nodes ?? [];
  if (record === undefined || node === undefined) throw new Error("not registered");
  return { broker, subscription, events, registry, record, ...node };
}

describe("what is registered (spec 5.3, 5.4)", () => {
  test("a subscription is one node under both names, its version the queue or broadcast", async () => {
    const { record, id, address, registry, subscription } = await subscribed();
    expect(id).toMatch(/^my\.topic-[0-9a-f-]{36}$/);
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    const metadata = { broker: "http", secure: "false", topic: "my.topic" };
    const nodes = [{ id, address, metadata }];
    const expected = { version: "ff.http.broadcast", metadata: {}, endpoints: [], nodes };
    expect(record).toEqual({ name: "micro.http.broker", ...expected });
    expect(await registry.get("go.micro.http.broker")).toEqual([
      { name: "go.micro.http.broker", ...expected },
    ]);
    await subscription.unsubscribe();
    expect(await registry.get("micro.http.broker")).toEqual([]);
    expect(await registry.get("go.micro.http.broker")).toEqual([]);
  });

  test("the version is the queue", async () => {
    expect((await subscribed({ queue: "billing" })).record.version).toBe("billing");
  });

  test("a queue that means no queue to Go is refused", async () => {
    const broker = await fleet.broker();
    const subscribing = broker.subscribe("t", async () => undefined, { queue: "ff.http.broadcast" });
    await expect(subscribing).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });

  test.each(["core", "plugin"] as const)(
    "the dialect '%s' registers one of the names only",
    async (dialect) => {
      const broker = await fleet.broker({ dialect });
      await broker.subscribe("my.topic", async () => undefined);
      const registry = await fleet.registry();
      const names = { core: "micro.http.broker", plugin: "go.micro.http.broker" };
      expect(await registry.list()).toEqual([names[dialect]]);
    },
  );
});

describe("what Go sends (spec 5.3, 5.4)", () => {
  test("a message in chunks of a byte arrives, and costs as much memory as one in a piece", async () => {
    const { id, address, events } = await subscribed();
    const [host = "", port] = address.split(":");
    const socket = connect(Number(port), host);
    const answer = once(socket.setEncoding("latin1"), "data");
    const before = heapMegabytes();
    const text = `{"Header":{"Micro-Topic":"my.topic"},"Body":"${"A".repeat(300_000)}"}`;
    const chunks = Array.from(text, (char) => `1\r\n${char}\r\n`).join("");
    socket.write(`POST /?id=${id} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await new Promise((resolve) => socket.write(Buffer.from(chunks), resolve));
    // Each turn of the loop reads 64 KiB of it.
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(heapMegabytes() - before).toBeLessThan(15);
    socket.write("0\r\n\r\n");
    expect(String(await within("the answer", answer, 15_000))).toContain("200 OK");
    expect(events[0]?.message.body.byteLength).toBe(225_000);
    socket.destroy();
  });

  test.each([
    ["22, library", "/", BODY_22],
    ["26", "/", BODY_26],
    ["22, plugin", "/_sub", BODY_PLUGIN],
  ])("a message of %s arrives, and the answer is an empty 200 after the handler", async (_, path, body) => {
    const order: string[] = [];
    const { id, address, events } = await subscribed({
      handler: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push("handled");
      },
    });
    const answer = await exchange(address, goPost(`${path}?id=${id}`, body));
    order.push("answered");
    expect(order).toEqual(["handled", "answered"]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: 0\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
    const [event] = events;
    expect(event?.topic).toBe("my.topic");
    expect(Buffer.from(event?.message.body ?? []).toString()).toBe(EVENT.toString());
    const header = event?.message.header;
    expect(header?.get("Foo-Bar")).toBe("baz");
    expect(header?.get("micro-id")).toMatch(/345a|fae5/);
    expect(header?.has(":topic")).toBe(false);
  });

  test("B3: a handler that fails is answered with 200 like any other", async () => {
    const { id, address, broker } = await subscribed({ handler: () => Promise.reject(new Error("no")) });
    expect(await exchange(address, goPost(`/?id=${id}`, BODY_22))).toMatch(/^HTTP\/1\.1 200 /);
    expect(broker.counters.handlerErrors).toBe(1);
  });

  test("B3: an unknown id, or the id of another topic, is 200 and nothing runs", async () => {
    const { id, address, events } = await subscribed();
    const other = BODY_22.replace('"Micro-Topic":"my.topic"', '"Micro-Topic":"other"');
    for (const post of [goPost("/?id=nobody", BODY_22), goPost("/", BODY_22), goPost(`/?id=${id}`, other)]) {
      expect(await exchange(address, post)).toMatch(/^HTTP\/1\.1 200 /);
    }
    expect(events).toEqual([]);
  });

  test.each(["GET", "PUT", "HEAD", "DELETE", "OPTIONS"])("B3: %s is 405", async (method) => {
    const { id, address } = await subscribed();
    const answer = await exchange(address, `${method} /?id=${id} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toMatch(/\r\nAllow: POST\r\n/);
  });

  test.each([
    ["bad JSON", "/", "{"],
    ["no object", "/", "[]"],
    ["a message without a topic", "/", '{"Header":{"Foo":"bar"},"Body":""}'],
    ["a message of the other dialect", "/_sub", BODY_22],
    ["a body that is no base64", "/", '{"Header":{"Micro-Topic":"my.topic"},"Body":"***"}'],
    ["a header that is no text", "/", '{"Header":{"Micro-Topic":7},"Body":""}'],
    ["nothing", "/", ""],
  ])("B3: %s is 500 with the JSON of an error", async (_, path, body) => {
    const { id, address, events } = await subscribed();
    const answer = await exchange(address, goPost(`${path}?id=${id}`, body));
    expect(answer).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/);
    const error = MicroError.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    expect(error).toMatchObject({ id: "go.micro.broker", httpCode: 500 });
    expect(events).toEqual([]);
  });

  test("any other path is 404", async () => {
    const { id, address } = await subscribed();
    expect(await exchange(address, goPost(`/other?id=${id}`, BODY_22))).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("too much is 413 that names the option, announced or not", async () => {
    const broker = await fleet.broker({ maxMessageSize: 1024 });
    await broker.subscribe("my.topic", async () => undefined);
    const [record] = await (await fleet.registry()).get("micro.http.broker");
    const address = record?.nodes[0]?.address ?? "";
    const much = "x".repeat(80_000);
    const chunked = `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n13880\r\n${much}\r\n0\r\n\r\n`;
    const body = `{"Header":{"Micro-Topic":"my.topic"},"Body":"${Buffer.alloc(3000).toString("base64")}"}`;
    for (const bytes of [goPost("/", much), chunked, goPost("/", body)]) {
      const answer = await exchange(address, bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain("max_message_size");
    }
  });
});

describe("what Go gets (spec 5.3, 5.4)", () => {
  test.each([
    ["core", "micro.http.broker", "/?id=my.topic-ccc", BODY_22],
    ["plugin", "go.micro.http.broker", "/_sub?id=my.topic-ccc", BODY_PLUGIN],
  ])("a message in the dialect '%s', byte for byte", async (_, service, path, body) => {
    const peer = await goPeer();
    const registry = await fleet.registry();
    await peer.subscribe(registry, { service });
    const broker = await fleet.broker({}, registry);
    await broker.publish("my.topic", MESSAGE);
    await eventually(() => expect(peer.requests).toHaveLength(1));
    const [request] = peer.requests;
    expect(request?.line).toBe(`POST ${path} HTTP/1.1`);
    expect(request?.headers.get("host")).toBe(peer.address);
    expect(request?.headers.get("content-type")).toBe("application/json");
    expect(request?.headers.get("content-length")).toBe(String(body.length));
    expect(request?.body).toBe(body);
  });

  test("B1: every broadcast subscriber gets it, and one of the members of each queue", async () => {
    const registry = await fleet.registry();
    const make = async (id: string, version?: string) => {
      const peer = await goPeer();
      await peer.subscribe(registry, { id, ...(version === undefined ? {} : { version }) });
      return peer;
    };
    const singles = [await make("my.topic-a"), await make("my.topic-b")];
    const queues = [
      [await make("my.topic-c", "q"), await make("my.topic-d", "q")],
      [await make("my.topic-e", "r")],
    ];
    const broker = await fleet.broker({}, registry);
    for (let i = 0; i < 30; i++) await broker.publish("my.topic", MESSAGE);
    const counts = (of: readonly GoPeer[]) => of.map(({ requests }) => requests.length);
    const sum = (of: readonly GoPeer[]) => counts(of).reduce((a, b) => a + b, 0);
    await eventually(() => {
      expect(counts(singles)).toEqual([30, 30]);
      for (const queue of queues) expect(sum(queue)).toBe(30);
    });
    expect(Math.min(...counts(queues[0] ?? []))).toBeGreaterThan(0);
  });

  test("B2: subscribers of both dialects get it, and who is registered under both names gets it once", async () => {
    const registry = await fleet.registry();
    const [core, plugin, both] = [await goPeer(), await goPeer(), await goPeer()];
    await core.subscribe(registry, { id: "my.topic-core" });
    await plugin.subscribe(registry, { id: "my.topic-plugin", service: "go.micro.http.broker" });
    await both.subscribe(registry, { id: "my.topic-both" });
    await both.subscribe(registry, { id: "my.topic-both", service: "go.micro.http.broker" });
    const broker = await fleet.broker({}, registry);
    for (let i = 0; i < 5; i++) await broker.publish("my.topic", MESSAGE);
    await eventually(() => {
      for (const { requests } of [core, plugin, both]) expect(requests).toHaveLength(5);
    });
    await broker.stop?.({ graceMs: 1000 });
    expect(both.requests).toHaveLength(5);
  });

  test("members of one queue in different dialects share the messages", async () => {
    const registry = await fleet.registry();
    const [core, plugin] = [await goPeer(), await goPeer()];
    await core.subscribe(registry, { id: "my.topic-core", version: "q" });
    await plugin.subscribe(registry, {
      id: "my.topic-plugin",
      version: "q",
      service: "go.micro.http.broker",
    });
    const broker = await fleet.broker({}, registry);
    for (let i = 0; i < 30; i++) await broker.publish("my.topic", MESSAGE);
    await eventually(() => expect(core.requests.length + plugin.requests.length).toBe(30));
    expect(core.requests.length).toBeGreaterThan(0);
    expect(plugin.requests.length).toBeGreaterThan(0);
  });

  test.each(["core", "plugin"] as const)(
    "a broker of ours hears one that speaks '%s' alone",
    async (dialect) => {
      const { events } = await subscribed();
      const publisher = await fleet.broker({ dialect });
      await publisher.publish("my.topic", MESSAGE);
      await eventually(() => expect(events).toHaveLength(1));
    },
  );

  test("nodes of other topics and of other brokers get nothing", async () => {
    const registry = await fleet.registry();
    const peer = await goPeer();
    await peer.subscribe(registry, { topic: "other", id: "other-a" });
    const record = await peer.subscribe(registry, { id: "my.topic-x" });
    const [node] = record.nodes;
    if (node === undefined) throw new Error("no node");
    const metadata = { ...node.metadata, broker: "nats" };
    await registry.register({ ...record, nodes: [{ ...node, metadata }] });
    const broker = await fleet.broker({}, registry);
    await broker.publish("my.topic", MESSAGE);
    await broker.stop?.({ graceMs: 1000 });
    expect(peer.requests).toEqual([]);
  });
});
