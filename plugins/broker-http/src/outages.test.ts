import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { type DeliveryFailure, DeliveryReport } from "@micro/broker";
import { Metadata, nullLogger } from "@micro/core";
import { eventually, instantiate, within } from "@micro/core/conformance";
import { createCachedRegistry, type RegistryBackend, unavailable } from "@micro/registry";
import { afterEach, describe, expect, test } from "vitest";
import { httpBroker } from "./index.ts";
import { Receiver } from "./receiver.ts";
import { Fleet } from "./testing/fleet.ts";

let fleet = new Fleet();
afterEach(async () => {
  await fleet.stop();
  fleet = new Fleet();
});

const message = () => ({ header: new Metadata(), body: new Uint8Array(1) });
const handler = async (): Promise<void> => undefined;

/** A registry of the fleet that can be switched off. */
async function fragileRegistry() {
  const backend = fleet.world.connect();
  const state = { down: false, registrations: 0 };
  const check = (): void => {
    if (state.down) throw unavailable("the registry is down");
  };
  const fragile: RegistryBackend = {
    ...backend,
    register: async (record, options) => {
      check();
      state.registrations++;
      await backend.register(record, options);
    },
    deregister: async (record, options) => {
      check();
      await backend.deregister(record, options);
    },
    get: async (service, options) => {
      check();
      return await backend.get(service, options);
    },
  };
  return { registry: createCachedRegistry(fragile, { cacheTtl: 60_000, cacheNegativeTtl: 100 }), state };
}

describe("without a registry", () => {
  test("publishing says that nobody could be asked, and nothing was sent", async () => {
    const { registry, state } = await fragileRegistry();
    const broker = await fleet.broker({}, registry);
    state.down = true;
    const publishing = broker.publish("t", message());
    await expect(publishing).rejects.toMatchObject({ code: "UNAVAILABLE", notSent: true });
    state.down = false;
    await eventually(() => broker.publish("t", message()));
  });

  test("publishing goes on with what was known", async () => {
    const { registry, state } = await fragileRegistry();
    const broker = await fleet.broker({}, registry);
    const subscriber = await fleet.broker();
    await subscriber.subscribe("t", handler);
    await broker.publish("t", message());
    state.down = true;
    await broker.publish("t", message());
    await eventually(() => expect(subscriber.counters.handled).toBe(2));
  });

  test("subscribing fails, and leaves nothing behind", async () => {
    const { registry, state } = await fragileRegistry();
    const broker = await fleet.broker({}, registry);
    state.down = true;
    await expect(broker.subscribe("t", handler)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    state.down = false;
    const others = await fleet.registry();
    expect(await others.list()).toEqual([]);
    await broker.subscribe("t", handler);
    expect(await others.list()).toEqual(["go.micro.http.broker", "micro.http.broker"]);
  });

  test("a subscription comes back after an outage in which the registry forgot it", async () => {
    const { registry, state } = await fragileRegistry();
    const config = { registerTtl: "200ms", registerInterval: "50ms" };
    const broker = await fleet.broker(config, registry);
    await broker.subscribe("t", handler);
    const others = await fleet.registry();
    state.down = true;
    await eventually(async () => expect(await others.get("micro.http.broker")).toEqual([]));
    state.down = false;
    await eventually(async () => expect(await others.get("micro.http.broker")).toHaveLength(1));
    await eventually(async () => expect(await others.get("go.micro.http.broker")).toHaveLength(1));
  });

  test("unsubscribing in an outage ends, and a message that comes all the same goes nowhere", async () => {
    const { registry, state } = await fragileRegistry();
    const broker = await fleet.broker({}, registry);
    const subscription = await broker.subscribe("t", handler);
    const publisher = await fleet.broker();
    await publisher.publish("t", message());
    await eventually(() => expect(broker.counters.handled).toBe(1));
    state.down = true;
    await subscription.unsubscribe({ timeoutMs: 1000 });
    await publisher.publish("t", message());
    await publisher.stop?.({ graceMs: 1000 });
    expect(broker.counters.handled).toBe(1);
    expect(publisher.counters.undelivered).toBe(0);
  });

  test("a subscription is registered again, at least twice within its ttl, and no more once it ended", async () => {
    const { registry, state } = await fragileRegistry();
    const config = { registerTtl: "100ms", registerInterval: "10m" };
    const broker = await fleet.broker(config, registry);
    const subscription = await broker.subscribe("t", handler);
    await eventually(() => expect(state.registrations).toBeGreaterThanOrEqual(6));
    await subscription.unsubscribe();
    expect(await (await fleet.registry()).list()).toEqual([]);
  });
});

describe("names", () => {
  const idOf = async (topic: string): Promise<string> => {
    const broker = await fleet.broker();
    await broker.subscribe(topic, handler);
    const [record] = await (await fleet.registry()).get("micro.http.broker");
    const node = record?.nodes.find(({ metadata }) => metadata.topic === topic);
    return node?.id ?? "";
  };

  test.each([
    ["orders.created", /^orders\.created-[\w-]{36}$/],
    ["shop.orders.created.by.a.customer.in.europe", /^shop\.orders\.created\.by\.a\.customer\.in\.europe-/],
    ["a-topic-without-dots-that-no-label-can-hold", /^a-topic-without-dots-that-[\da-f-]{36}$/],
    ["two..dots", /^two-dots-/],
    ["grüße/世界", /^gr-e-[\da-f-]{36}$/],
  ])("the node id of '%s' fits into names of DNS", async (topic, expected) => {
    const id = await idOf(topic);
    expect(id).toMatch(expected);
    for (const label of id.split(".")) expect(label).toMatch(/^[\w-]{1,63}$/);
  });

  test("a topic in any script arrives", async () => {
    const [one, other] = [await fleet.broker(), await fleet.broker()];
    await one.subscribe("grüße/世界", handler);
    await other.publish("grüße/世界", message());
    await eventually(() => expect(one.counters.handled).toBe(1));
  });
});

describe("addresses", () => {
  const registered = async (config: Parameters<Fleet["broker"]>[0]): Promise<string> => {
    const broker = await fleet.broker(config);
    await broker.subscribe("t", handler);
    const [record] = await (await fleet.registry()).get("micro.http.broker");
    return record?.nodes[0]?.address ?? "";
  };

  test("loopback stays loopback", async () => {
    expect(await registered({ addresses: ["127.0.0.1:0"] })).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test("every interface becomes an address that can be dialled", async () => {
    expect(await registered({ addresses: [] })).toMatch(/^(\d+\.){3}\d+:[1-9]\d*$|^\[[\da-f:]+\]:[1-9]\d*$/);
  });

  test("what is advertised is registered, with the bound port for port 0", async () => {
    expect(await registered({ advertise: "broker.example:0" })).toMatch(/^broker\.example:[1-9]\d*$/);
  });

  test.each([
    [{ addresses: ["nowhere"] }, /broker\.addresses: "nowhere" is no address/],
    [{ addresses: [":1", ":2"] }, /listens on one address/],
    [{ advertise: "host" }, /broker\.advertise/],
    [{ tls: { certFile: "/does/not/exist" } }, /broker\.tls\.cert_file/],
    [{ tls: { key: "k" } }, /key is set without broker\.tls\.cert/],
  ])("%j is refused when the broker is made", async (config, expected) => {
    const registry = await fleet.registry();
    await expect(instantiate(httpBroker, { config, deps: { registry } })).rejects.toThrow(expected);
  });

  test("an address that is taken stops the start", async () => {
    const taken = await registered({});
    await expect(fleet.broker({ addresses: [taken] })).rejects.toThrow(/cannot listen on broker\.address/);
  });
});

describe("encryption", () => {
  const file = (name: string) => new URL(`testing/${name}`, import.meta.url);

  test("messages go over https to whom the registry says so, verified, or not at all", async () => {
    const [cert, key] = await Promise.all([
      readFile(file("localhost.pem"), "utf8"),
      readFile(file("localhost.key"), "utf8"),
    ]);
    const failures: DeliveryFailure[] = [];
    const onDeliveryFailure = (failure: DeliveryFailure): void => void failures.push(failure);
    const subscriber = await fleet.broker({ tls: { cert, key } });
    await subscriber.subscribe("t", handler);
    const [record] = await (await fleet.registry()).get("micro.http.broker");
    expect(record?.nodes[0]?.metadata.secure).toBe("true");

    const trusting = await fleet.broker({ tls: { ca: cert } });
    await trusting.publish("t", message());
    await trusting.publish("t", message());
    await eventually(() => expect(subscriber.counters.handled).toBe(2));

    const doubting = await fleet.broker({ deliveryAttempts: 1, onDeliveryFailure });
    await doubting.publish("t", message());
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]?.error.detail).toContain("self-signed");
    expect(subscriber.counters.handled).toBe(2);
  });

  test("who connects and says nothing is shown out, as without encryption", async () => {
    const [cert, key] = await Promise.all([
      readFile(file("localhost.pem"), "utf8"),
      readFile(file("localhost.key"), "utf8"),
    ]);
    const receiver = new Receiver({
      dialects: [],
      listen: { host: "127.0.0.1", port: 0 },
      advertise: undefined,
      tls: { cert, key },
      limit: { maxBytes: 1024 },
      maxConnections: 1,
      handshakeTimeout: 50,
      report: new DeliveryReport({ logger: nullLogger }),
      logger: nullLogger,
    });
    const address = await receiver.listen();
    const socket = connect(Number(address.split(":").at(-1)), "127.0.0.1").on("error", () => undefined);
    const closed = once(socket.resume(), "close");
    try {
      await within("the end of the connection", closed);
    } finally {
      socket.destroy();
      await receiver.close(0);
    }
  });
});
