import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BrokerEvent, DeliveryFailure } from "@micro/broker";
import { Metadata, MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { afterEach, describe, expect, test } from "vitest";
import { Fleet } from "./testing/fleet.ts";
import { GO_OK, GoPeer } from "./testing/go-peer.ts";

let fleet = new Fleet();
const peers: GoPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.close();
  await fleet.stop();
  fleet = new Fleet();
});

async function goPeer(onRequest?: GoPeer["onRequest"]): Promise<GoPeer> {
  const peer = await GoPeer.listen();
  peers.push(peer);
  if (onRequest !== undefined) peer.onRequest = onRequest;
  return peer;
}

/** An address of loopback where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no address");
  return `127.0.0.1:${address.port}`;
}

const message = (text = "") => ({ header: new Metadata(), body: new TextEncoder().encode(text) });
const textOf = ({ message: { body } }: Pick<BrokerEvent, "message">) => new TextDecoder().decode(body);

/** A publisher that keeps what was reported. */
async function publisher(config: Parameters<Fleet["broker"]>[0] = {}) {
  const registry = await fleet.registry();
  const failures: DeliveryFailure[] = [];
  const onDeliveryFailure = (failure: DeliveryFailure): void => void failures.push(failure);
  const broker = await fleet.broker({ deliveryAttempts: 2, ...config, onDeliveryFailure }, registry);
  return { registry, broker, failures };
}

describe("a receiver that fails", () => {
  test("killed after it got the message: reported, and not sent again, as its handler may have run", async () => {
    const { registry, broker, failures } = await publisher();
    const peer = await goPeer(({ socket }) => socket.destroy());
    await peer.subscribe(registry);
    await broker.publish("my.topic", message("one"));
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]).toMatchObject({
      topic: "my.topic",
      subscriber: `my.topic-ccc at ${peer.address}`,
      error: { code: "UNAVAILABLE" },
    });
    expect(textOf(failures[0] as DeliveryFailure)).toBe("one");
    expect(broker.counters).toMatchObject({ published: 1, undelivered: 1 });
    await broker.stop?.({ graceMs: 1000 });
    expect(peer.requests).toHaveLength(1);
  });

  test("in a queue it is not given to another member either", async () => {
    const { registry, broker, failures } = await publisher();
    const [one, other] = [await goPeer(({ socket }) => socket.destroy()), await goPeer()];
    await one.subscribe(registry, { version: "q", id: "my.topic-1" });
    await broker.publish("my.topic", message());
    await other.subscribe(registry, { version: "q", id: "my.topic-2" });
    await eventually(() => expect(failures).toHaveLength(1));
    await broker.stop?.({ graceMs: 1000 });
    expect(other.requests).toEqual([]);
  });

  test("silent: others are served, publishing is not held up, and the deadline is reported", async () => {
    const { registry, broker, failures } = await publisher({ deliveryTimeout: 200 });
    const [silent, good] = [await goPeer(() => undefined), await goPeer()];
    await silent.subscribe(registry, { id: "my.topic-silent" });
    await good.subscribe(registry, { id: "my.topic-good" });
    for (let i = 0; i < 5; i++) await within("publishing", broker.publish("my.topic", message()), 1000);
    await eventually(() => expect(good.requests).toHaveLength(5));
    expect(silent.requests.length).toBeLessThan(5);
    await eventually(() => expect(failures).toHaveLength(5));
    for (const { error } of failures) expect(error).toMatchObject({ code: "TIMEOUT" });
    expect(failures[0]?.error.detail).toContain("no answer within 200 ms");
    expect(silent.requests).toHaveLength(5);
  });

  test("silent, with a short deadline: a failure every now and then is no progress that publishers wait for", async () => {
    const { registry, broker, failures } = await publisher({ deliveryTimeout: 100, inboxSize: 16 });
    const [silent, good] = [await goPeer(() => undefined), await goPeer()];
    await silent.subscribe(registry, { id: "my.topic-silent" });
    await good.subscribe(registry, { id: "my.topic-good" });
    await broker.publish("my.topic", message());
    await eventually(() => expect(failures).toHaveLength(1));
    const began = performance.now();
    for (let at = 0; at < 100; at++) await broker.publish("my.topic", message());
    expect(performance.now() - began).toBeLessThan(3000);
    await eventually(() => expect(good.requests).toHaveLength(101));
    await eventually(() => expect(failures).toHaveLength(101));
  });

  test("an answer that is no success is reported, and the message not sent again", async () => {
    const { registry, broker, failures } = await publisher();
    const answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops";
    const peer = await goPeer(({ socket }) => void socket.write(answer));
    await peer.subscribe(registry);
    await broker.publish("my.topic", message());
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]?.error.detail).toContain("answered 500: oops");
    expect(peer.requests).toHaveLength(1);
  });

  test("an answer that is no HTTP is reported", async () => {
    const { registry, broker, failures } = await publisher();
    const peer = await goPeer(({ socket }) => void socket.end("hello\r\n\r\n"));
    await peer.subscribe(registry);
    await broker.publish("my.topic", message());
    await eventually(() => expect(failures).toHaveLength(1));
  });

  test("one that is busy gets the message later", async () => {
    const { registry, broker, failures } = await publisher({ deliveryAttempts: 5 });
    const busy = new MicroError({ id: "go.micro.broker", code: "RESOURCE_EXHAUSTED", detail: "queue_size" });
    const json = JSON.stringify(busy);
    const refusal = `HTTP/1.1 429 Too Many Requests\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
    const peer = await goPeer(({ socket }) => void socket.write(peer.requests.length < 3 ? refusal : GO_OK));
    await peer.subscribe(registry);
    await broker.publish("my.topic", message());
    await eventually(() => expect(peer.requests).toHaveLength(3));
    await broker.stop?.({ graceMs: 1000 });
    expect(failures).toEqual([]);
  });
});

test("of a flood to a fast, a slow, a silent and an absent subscriber every copy is handled or reported", async () => {
  const limits = { inboxSize: 16, deliveryTimeout: 300, connectTimeout: 300 };
  const { registry, broker, failures } = await publisher(limits);
  const [fast, slow] = [await fleet.broker(), await fleet.broker({ queueSize: 4 })];
  await fast.subscribe("my.topic", async () => undefined);
  await slow.subscribe("my.topic", () => new Promise((resolve) => setTimeout(resolve, 20)));
  const silent = await goPeer(() => undefined);
  await silent.subscribe(registry, { id: "my.topic-silent" });
  const metadata = { broker: "http", secure: "false", topic: "my.topic" };
  const absent = { id: "my.topic-absent", address: await deadAddress(), metadata };
  const version = "ff.http.broadcast";
  const name = "micro.http.broker";
  await registry.register({ name, version, metadata: {}, endpoints: [], nodes: [absent] });
  await broker.publish("my.topic", message());
  await eventually(() => expect(fast.counters.handled).toBe(1));

  const copies = 100;
  for (let at = 1; at < copies; at++) await broker.publish("my.topic", message());
  await broker.stop?.({ graceMs: 2000 });
  await eventually(() => expect(fast.counters.handled).toBe(copies));
  const gone = failures.filter(({ subscriber }) => subscriber?.startsWith(absent.id) === true).length;
  // Whoever is away is forgotten, and no subscriber any more to what is published then.
  expect(gone).toBeGreaterThan(0);
  await eventually(() => expect(slow.counters.handled + failures.length - gone).toBe(2 * copies));
  expect(broker.counters).toMatchObject({ published: copies, undelivered: failures.length });
  expect(slow.counters.handled).toBeGreaterThan(0);
});

describe("a receiver that is not there", () => {
  const node = (id: string, address: string) => ({
    id,
    address,
    metadata: { broker: "http", secure: "false", topic: "my.topic" },
  });
  const record = (version: string, ...nodes: ReturnType<typeof node>[]) => ({
    name: "micro.http.broker",
    version,
    metadata: {},
    endpoints: [],
    nodes,
  });

  test("its message is tried again, then reported, and the node is forgotten", async () => {
    const { registry, broker, failures } = await publisher();
    const [address, peer] = [await deadAddress(), await goPeer()];
    const nodes = [node("my.topic-dead", address), node("my.topic-alive", peer.address)];
    await registry.register(record("ff.http.broadcast", ...nodes));
    await broker.publish("my.topic", message("one"));
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]).toMatchObject({ subscriber: `my.topic-dead at ${address}` });
    await broker.publish("my.topic", message("two"));
    await broker.stop?.({ graceMs: 1000 });
    expect(peer.requests).toHaveLength(2);
    expect(failures).toHaveLength(1);
  });

  test("what waits behind its message is reported with it", async () => {
    const { registry, broker, failures } = await publisher();
    await registry.register(record("ff.http.broadcast", node("my.topic-dead", await deadAddress())));
    const texts = ["1", "2", "3"];
    await Promise.all(texts.map((text) => broker.publish("my.topic", message(text))));
    await eventually(() => expect(failures.map(textOf)).toEqual(texts));
  });

  test("in a queue another member gets the message", async () => {
    const { registry, broker, failures } = await publisher();
    const peer = await goPeer();
    const dead = await Promise.all(["a", "b"].map(async (id) => node(`my.topic-${id}`, await deadAddress())));
    await registry.register(record("q", ...dead, node("my.topic-alive", peer.address)));
    for (let i = 0; i < 20; i++) await broker.publish("my.topic", message(String(i)));
    await eventually(() => expect(peer.requests).toHaveLength(20));
    expect(failures).toEqual([]);
  });

  test("one whose address is none is reported", async () => {
    const { registry, broker, failures } = await publisher();
    await registry.register(record("ff.http.broadcast", node("my.topic-x", "nowhere")));
    await broker.publish("my.topic", message());
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]?.error.detail).toContain('"nowhere"');
  });

  test("who unsubscribed while a message was on its way is no failure; of a queue the others get it", async () => {
    const { registry, broker, failures } = await publisher();
    const subscriber = await fleet.broker();
    await subscriber.subscribe("other", async () => undefined);
    const [other] = await registry.get("micro.http.broker");
    const address = other?.nodes[0]?.address ?? "";
    const peer = await goPeer();
    await registry.register(record("ff.http.broadcast", node("my.topic-left", address)));
    await registry.register(
      record("q", node("my.topic-left-too", address), node("my.topic-q", peer.address)),
    );
    await broker.publish("my.topic", message());
    await eventually(() => expect(peer.requests).toHaveLength(1));
    await broker.stop?.({ graceMs: 1000 });
    expect(failures).toEqual([]);
  });
});

describe("the end", () => {
  test("stop sees through what waits", async () => {
    const { registry, broker, failures } = await publisher();
    const door = Promise.withResolvers<void>();
    const peer = await goPeer(({ socket }) => void door.promise.then(() => socket.write(GO_OK)));
    await peer.subscribe(registry);
    for (let i = 0; i < 10; i++) await broker.publish("my.topic", message(String(i)));
    const stopping = (async () => broker.stop?.({ graceMs: 5000 }))();
    door.resolve();
    await within("stopping", stopping);
    expect(peer.requests).toHaveLength(10);
    expect(failures).toEqual([]);
  });

  test("what cannot be seen through in time is reported", async () => {
    const { registry, broker, failures } = await publisher();
    const peer = await goPeer(() => undefined);
    await peer.subscribe(registry);
    for (let i = 0; i < 3; i++) await broker.publish("my.topic", message(String(i)));
    const stopping = (async () => broker.stop?.({ graceMs: 50 }))();
    await within("stopping", stopping, 2000);
    expect(failures.map(textOf).sort()).toEqual(["0", "1", "2"]);
  });

  test("a program that is gone right after publishing has sent its message", async () => {
    const subscriber = await fleet.broker();
    const events: BrokerEvent[] = [];
    await subscriber.subscribe("my.topic", async (event) => void events.push(event));
    const [record] = await (await fleet.registry()).get("micro.http.broker");
    const [node] = record?.nodes ?? [];
    const program = fileURLToPath(new URL("testing/publish-and-exit.ts", import.meta.url));
    const args = ["--conditions=@micro/source", program, node?.id ?? "", node?.address ?? "", "my.topic"];
    await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    await eventually(() => expect(events).toHaveLength(1));
    expect(events[0]?.message.body.byteLength).toBe(100_000);
  });
});
