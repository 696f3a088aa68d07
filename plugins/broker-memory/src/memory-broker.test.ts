import type { DeliveryFailure } from "@micro/broker";
import { brokerConformance } from "@micro/broker/conformance";
import { Metadata } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { describe, expect, test, vi } from "vitest";
import { MemoryBus, memoryBroker } from "./index.ts";

const message = (text: string) => ({ header: new Metadata(), body: new TextEncoder().encode(text) });
const handle = async () => undefined;

describe("conformance", () => {
  const bus = new MemoryBus();
  const create = () => instantiate(memoryBroker, { config: { bus } });
  const small = () => instantiate(memoryBroker, { config: { bus, queueSize: 4 } });
  const full = { create: small, messages: 10, option: "queue_size" };
  for (const c of brokerConformance({ create, full })) test(c.name, () => c.run());
});

test("without a bus of its own choice, a service hears itself alone", async () => {
  const [one, other] = [await instantiate(memoryBroker), await instantiate(memoryBroker)];
  let heard = 0;
  await one.subscribe("topic", async () => {
    heard++;
  });
  await other.publish("topic", message("other"));
  await one.publish("topic", message("one"));
  await vi.waitFor(() => expect(one.counters.handled).toBe(1));
  expect(heard).toBe(1);
});

test("a bus that is none is refused by name", async () => {
  await expect(instantiate(memoryBroker, { config: { bus: {} as MemoryBus } })).rejects.toThrow(
    "options of 'broker-memory': bus: must be a MemoryBus",
  );
});

test("who is refused and tries again at once does not keep the handler from making room", async () => {
  const broker = await instantiate(memoryBroker, { config: { queueSize: 1 } });
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscription = await broker.subscribe("topic", () => promise);
  const timer = setTimeout(resolve, 20);
  const running = broker.publish("topic", message("running"));
  await vi.waitFor(() => expect(broker.counters.published).toBe(1));
  const waiting = broker.publish("topic", message("waiting"));
  let published = false;
  const until = performance.now() + 2000;
  while (!published && performance.now() < until) {
    await broker.publish("topic", message("refused")).then(
      () => {
        published = true;
      },
      (error) => expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED" }),
    );
  }
  clearTimeout(timer);
  resolve();
  await Promise.all([running, waiting]);
  await subscription.unsubscribe();
  expect(published).toBe(true);
});

test("a handler never runs inside the caller's stack", async () => {
  const broker = await instantiate(memoryBroker);
  let inside = true;
  const seen = Promise.withResolvers<boolean>();
  await broker.subscribe("topic", async () => seen.resolve(inside));
  const publishing = broker.publish("topic", message(""));
  inside = false;
  await publishing;
  expect(await seen.promise).toBe(false);
});

test("a subscriber with no room is reported while another one takes the message", async () => {
  const failures: DeliveryFailure[] = [];
  const bus = new MemoryBus();
  const slow = await instantiate(memoryBroker, {
    config: {
      bus,
      queueSize: 1,
      onDeliveryFailure: (failure: DeliveryFailure) => void failures.push(failure),
    },
  });
  const quick = await instantiate(memoryBroker, { config: { bus } });
  const door = Promise.withResolvers<void>();
  await slow.subscribe("topic", () => door.promise);
  await quick.subscribe("topic", handle);
  for (const text of ["1", "2", "3", "4"]) await quick.publish("topic", message(text));
  await vi.waitFor(() => expect(quick.counters.handled).toBe(4));
  expect(failures.length).toBeGreaterThan(0);
  expect(slow.counters.undelivered).toBe(failures.length);
  expect(failures[0]).toMatchObject({ topic: "topic", error: { code: "RESOURCE_EXHAUSTED" } });
  door.resolve();
  await slow.stop?.({ graceMs: 1000 });
});

test("what a leaving member had not begun goes to the others of its queue; without others it is reported", async () => {
  const failures: DeliveryFailure[] = [];
  const config = { onDeliveryFailure: (failure: DeliveryFailure) => void failures.push(failure) };
  const broker = await instantiate(memoryBroker, { config });
  const door = Promise.withResolvers<void>();
  const queue = "workers";
  const stuck = await broker.subscribe("topic", () => door.promise, { queue });
  for (const text of ["1", "2", "3"]) await broker.publish("topic", message(text));
  const texts: string[] = [];
  const other = await broker.subscribe(
    "topic",
    async (event) => void texts.push(new TextDecoder().decode(event.message.body)),
    { queue },
  );
  await expect(stuck.unsubscribe({ timeoutMs: 20 })).rejects.toMatchObject({ code: "TIMEOUT" });
  await vi.waitFor(() => expect(texts).toEqual(["2", "3"]));
  await other.unsubscribe();
  door.resolve();

  const again = Promise.withResolvers<void>();
  const last = await broker.subscribe("topic", () => again.promise, { queue });
  for (const text of ["4", "5"]) await broker.publish("topic", message(text));
  await expect(last.unsubscribe({ timeoutMs: 20 })).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(failures.map(({ message: { body } }) => new TextDecoder().decode(body))).toEqual(["5"]);
  again.resolve();
});

test("a loop of publishes goes at the speed of the subscriber", async () => {
  const broker = await instantiate(memoryBroker, { config: { queueSize: 8 } });
  let heard = 0;
  await broker.subscribe("topic", async () => {
    await new Promise((resolve) => setImmediate(resolve));
    heard++;
  });
  for (let i = 0; i < 500; i++) await broker.publish("topic", message(String(i)));
  await vi.waitFor(() => expect(heard).toBe(500));
});

test("handlers that publish to each other do not starve timers", async () => {
  const broker = await instantiate(memoryBroker);
  let over = false;
  await broker.subscribe("topic", async () => {
    if (!over) await broker.publish("topic", message("again"));
  });
  await broker.publish("topic", message("first"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  over = true;
  expect(broker.counters.handled).toBeGreaterThan(64);
  await broker.stop?.({ graceMs: 1000 });
});

test("a broker that was stopped can be started again", async () => {
  const broker = await instantiate(memoryBroker);
  await broker.stop?.({ graceMs: 0 });
  await expect(broker.publish("topic", message(""))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await broker.start?.({ signal: new AbortController().signal });
  await broker.publish("topic", message(""));
});
