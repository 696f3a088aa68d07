import type { Broker, DeliveryFailure } from "@micro/broker";
import { brokerConformance } from "@micro/broker/conformance";
import { createService, defineService, Metadata, nullLogger } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { type NatsLink, natsOptions, sharedLink } from "@micro/nats";
import { natsRegistry } from "@micro/registry-nats";
import { startNatsServer } from "@micro/servers";
import { sharedNatsServer } from "@micro/servers/vitest";
import { afterEach, describe, expect, test } from "vitest";
import { natsBroker } from "./index.ts";

type Config = Readonly<Record<string, unknown>>;

const message = (text: string, header: Record<string, string> = {}) => ({
  header: new Metadata(header),
  body: new TextEncoder().encode(text),
});
const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);

// Room for 4 MiB in base64.
const server = await sharedNatsServer({ config: "max_payload: 8MB" });
const brokers: Broker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map(async (broker) => broker.stop?.({ graceMs: 1000 })));
});

async function create(config: Config = {}, address = server().address): Promise<Broker> {
  const quick = { reconnectPause: "50ms", ...config };
  const broker = await instantiate(natsBroker, { config: { addresses: [address], ...quick } });
  await broker.start?.({ signal: new AbortController().signal });
  return broker;
}

async function open(config: Config = {}, address = server().address): Promise<Broker> {
  const broker = await create(config, address);
  brokers.push(broker);
  return broker;
}

/** A client without a broker: what Go sees. */
async function rawLink(): Promise<{ readonly link: NatsLink; [Symbol.asyncDispose](): Promise<void> }> {
  const scope = { name: "raw", logger: nullLogger };
  const config = Object.fromEntries(
    Object.entries(natsOptions).map(([key, { default: value }]) => [
      key,
      typeof value === "string" ? 2000 : value,
    ]),
  ) as unknown as Parameters<typeof sharedLink>[0]["config"];
  const link = await sharedLink({
    scope,
    config,
    addresses: [server().address],
    section: "raw",
  });
  await link.hold();
  return { link, [Symbol.asyncDispose]: () => link.release({ graceMs: 500 }) };
}

describe("conformance", () => {
  for (const c of brokerConformance({ create })) test(c.name, () => c.run());
});

describe("the wire of Go Micro", () => {
  test("the topic is the subject, the payload Go's JSON", async () => {
    await using raw = await rawLink();
    const payloads: string[] = [];
    await raw.link.subscribe("my.topic", { onMessage: ({ data }) => void payloads.push(textOf(data)) });
    const broker = await open();
    const header = {
      "Content-Type": "application/json",
      "Foo-Bar": "baz",
      "Micro-Id": "22989862-0751-4b25-b446-67e5c425aa1f",
      "Micro-Topic": "my.topic",
    };
    await broker.publish("my.topic", message('{"name":"ev"}\n', header));
    await eventually(() => expect(payloads).toHaveLength(1));
    // As captured from Go (spec 5.5).
    expect(payloads[0]).toBe(
      '{"Header":{"Content-Type":"application/json","Foo-Bar":"baz","Micro-Id":"22989862-0751-4b25-b446-67e5c425aa1f","Micro-Topic":"my.topic"},"Body":"eyJuYW1lIjoiZXYifQo="}',
    );
  });

  test.each([
    [
      "22",
      '{"Header":{"Content-Type":"application/json","Foo-Bar":"baz","Micro-Id":"22989862","Micro-Topic":"my.topic"},"Body":"eyJuYW1lIjoiZXZ0In0K"}',
    ],
    [
      "26",
      '{"Header":{"Content-Type":"application/json","Micro-ID":"22989862","Micro-Topic":"my.topic","foo-bar":"baz"},"Body":"eyJuYW1lIjoiZXZ0In0K"}',
    ],
  ])("a message of generation %s is read, its keys in any case", async (_, payload) => {
    await using raw = await rawLink();
    const broker = await open();
    const got: (readonly (string | undefined)[])[] = [];
    await broker.subscribe("my.topic", async ({ topic, message: { header, body } }) => {
      got.push([topic, header.get("Micro-Id"), header.get("Foo-Bar"), textOf(body)]);
    });
    raw.link.publish("my.topic", new TextEncoder().encode(payload));
    await eventually(() => expect(got).toEqual([["my.topic", "22989862", "baz", '{"name":"evt"}\n']]));
  });

  test("a queue is a queue group, shared with whoever else is in it", async () => {
    await using raw = await rawLink();
    let theirs = 0;
    await raw.link.subscribe("jobs", {
      queue: "workers",
      onMessage: () => {
        theirs++;
      },
    });
    const broker = await open();
    let ours = 0;
    await broker.subscribe(
      "jobs",
      async () => {
        ours++;
      },
      { queue: "workers" },
    );
    for (let i = 0; i < 100; i++) await broker.publish("jobs", message(String(i)));
    await eventually(() => expect(ours + theirs).toBe(100));
    expect(Math.min(ours, theirs)).toBeGreaterThan(0);
  });

  test("what is no message is reported with its bytes, and the next one is handled", async () => {
    await using raw = await rawLink();
    const failures: DeliveryFailure[] = [];
    const broker = await open({
      onDeliveryFailure: (failure: DeliveryFailure) => void failures.push(failure),
    });
    const texts: string[] = [];
    await broker.subscribe("news", async (event) => void texts.push(textOf(event.message.body)));
    raw.link.publish("news", new TextEncoder().encode("not JSON"));
    await broker.publish("news", message("good"));
    await eventually(() => expect(texts).toEqual(["good"]));
    expect(failures.map(({ error, message: { body } }) => [error.code, textOf(body)])).toEqual([
      ["BAD_REQUEST", "not JSON"],
    ]);
    expect(broker.counters.undelivered).toBe(1);
  });
});

test("a subscriber to a wildcard learns the topic of each message; nobody publishes to one", async () => {
  const broker = await open();
  const topics: string[] = [];
  await broker.subscribe("orders.*", async ({ topic }) => void topics.push(topic));
  await broker.publish("orders.created", message(""));
  await broker.publish("orders.paid", message(""));
  await broker.publish("other.paid", message(""));
  await eventually(() => expect(topics).toEqual(["orders.created", "orders.paid"]));
  for (const topic of ["orders.*", "orders.>", "a..b", ".a"]) {
    await expect(broker.publish(topic, message(""))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  }
  const handle = async () => undefined;
  await expect(broker.subscribe("orders.>.x", handle)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("a slow subscriber loses what does not fit, counted and by name, and nobody else does", async () => {
  const failures: DeliveryFailure[] = [];
  const slow = await open({
    queueSize: 4,
    onDeliveryFailure: (failure: DeliveryFailure) => void failures.push(failure),
  });
  const quick = await open();
  const door = Promise.withResolvers<void>();
  await slow.subscribe("news", () => door.promise);
  await quick.subscribe("news", async () => undefined);
  for (let i = 0; i < 100; i++) await quick.publish("news", message(String(i)));
  await eventually(() => expect(quick.counters.handled).toBe(100));
  // The first is taken out of the queue before or after the fifth comes.
  await eventually(() => expect(slow.counters.undelivered).toBeGreaterThanOrEqual(95));
  expect(failures[0]?.error.detail).toContain("queue_size");
  door.resolve();
  await eventually(() => expect(slow.counters.handled + slow.counters.undelivered).toBe(100));
  expect(slow.counters.undelivered).toBe(failures.length);
});

test("a message over the server's max_payload is refused with its number", async () => {
  await using small = await startNatsServer({ config: "max_payload: 2000" });
  const broker = await open({}, small.address);
  await expect(broker.publish("news", message("x".repeat(3000)))).rejects.toMatchObject({
    code: "RESOURCE_EXHAUSTED",
    detail: expect.stringContaining("max_payload of the NATS server allows 2000"),
    notSent: true,
  });
  await broker.publish("news", message("x".repeat(1000)));
});

test("broker and registry of one service share one connection", async () => {
  await using own = await startNatsServer({ config: "max_connections: 1" });
  const section = { addresses: [own.address] };
  const definition = defineService({ name: "shop" });
  const plugins = [natsBroker, natsRegistry];
  await using service = await createService(definition, { plugins, broker: section, registry: section });
  await service.start();
  await service.broker.publish("news", message("here"), { timeoutMs: 1000 });
  expect(await service.registry.list({ timeoutMs: 1000 })).toEqual([]);
});

describe("outages", () => {
  test("after a restart of the server subscriptions are back; a publish waits for it", async () => {
    await using own = await startNatsServer();
    const [publisher, subscriber] = [await open({}, own.address), await open({}, own.address)];
    const texts = new Set<string>();
    await subscriber.subscribe("news", async (event) => void texts.add(textOf(event.message.body)));
    await own.kill();
    await expect(async () =>
      publisher.publish("news", message("lost"), { timeoutMs: 300 }),
    ).rejects.toMatchObject({
      code: "UNAVAILABLE",
      notSent: true,
    });
    const publishing = publisher.publish("news", message("waited"), { timeoutMs: 10_000 });
    await own.restart();
    await publishing;
    await eventually(async () => {
      await publisher.publish("news", message("after"));
      expect(texts).toContain("after");
    });
    expect(texts).not.toContain("lost");
  });

  test("a broker that starts before its server works when that comes", async () => {
    await using own = await startNatsServer();
    await own.stop();
    const broker = await open({}, own.address);
    const refused = broker.subscribe("news", async () => undefined, { timeoutMs: 50 });
    await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await own.restart();
    const texts: string[] = [];
    await broker.subscribe("news", async (event) => void texts.push(textOf(event.message.body)));
    await broker.publish("news", message("here"));
    await eventually(() => expect(texts).toEqual(["here"]));
  });

  test("a broker that was stopped can be started again", async () => {
    const broker = await open();
    await broker.stop?.({ graceMs: 100 });
    await broker.start?.({ signal: new AbortController().signal });
    await broker.publish("news", message(""));
  });
});
