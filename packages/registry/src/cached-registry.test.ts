import { MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { type CachedRegistryOptions, createCachedRegistry } from "./cached-registry.ts";
import type { Node, ServiceRecord } from "./model.ts";
import { NodeTable } from "./node-table.ts";
import type { Registry, RegistryBackend } from "./registry.ts";
import { WatchHub } from "./watch-hub.ts";

const running: Registry[] = [];

afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop?.({ graceMs: 1000 });
});

/** A backend whose answers a test controls. */
function fakeBackend() {
  const table = new NodeTable();
  const hub = new WatchHub({ snapshot: (service) => table.records(service) });
  const fake = {
    table,
    hub,
    asked: [] as string[],
    watched: [] as string[],
    /** Replaces the answer of `get`. */
    answer: undefined as ((service: string) => Promise<readonly ServiceRecord[]>) | undefined,
    /** How often `watch` fails before it works. */
    brokenWatches: 0,
    put: (record: ServiceRecord) => {
      table.put(record);
      hub.publish({ type: "put", service: record });
    },
    delete: (record: ServiceRecord) => {
      table.delete(record);
      hub.publish({ type: "delete", service: record });
    },
  };
  const backend: RegistryBackend = {
    name: "fake",
    register: async (record) => fake.put(record),
    deregister: async (record) => fake.delete(record),
    get: async (service) => {
      fake.asked.push(service);
      return await (fake.answer ?? (async (name: string) => table.records(name)))(service);
    },
    list: async () => table.services(),
    watch: (options = {}) => {
      fake.watched.push(options.service ?? "");
      if (fake.brokenWatches > 0) {
        fake.brokenWatches -= 1;
        throw new Error("no connection");
      }
      return hub.watch(options);
    },
    stop: () => hub.close(),
  };
  return { ...fake, fake, backend };
}

async function cached(backend: RegistryBackend, options: Partial<CachedRegistryOptions> = {}) {
  const registry = createCachedRegistry(backend, { cacheTtl: 60_000, cacheNegativeTtl: 1000, ...options });
  running.push(registry);
  await registry.start?.({ signal: new AbortController().signal });
  return registry;
}

const node = (id: string): Node => ({ id, address: "127.0.0.1:1", metadata: {} });
const greeter = (...ids: string[]): ServiceRecord => ({
  name: "greeter",
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: ids.map(node),
});
const idsOf = (records: readonly ServiceRecord[] | undefined) =>
  records?.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort();
const down = async () => {
  throw new Error("connection refused");
};

test("many lookups at once ask once, later ones not at all", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const registry = await cached(backend);
  expect(registry.peek("greeter")).toBeUndefined();
  const found = await Promise.all(Array.from({ length: 100 }, () => registry.snapshot("greeter")));
  expect(new Set(found).size).toBe(1);
  expect(registry.peek("greeter")).toBe(found[0]);
  expect(await registry.snapshot("greeter")).toBe(found[0]);
  expect(fake.asked).toEqual(["greeter"]);
});

test("the same nodes are the same snapshot, others have a higher version", async () => {
  const { backend, put } = fakeBackend();
  put(greeter("a"));
  const registry = await cached(backend);
  const first = await registry.snapshot("greeter");
  put(greeter("a"));
  expect(registry.peek("greeter")).toBe(first);
  await eventually(() => {
    put(greeter("a", "b"));
    expect(idsOf(registry.peek("greeter")?.records)).toEqual(["a", "b"]);
  });
  expect(registry.peek("greeter")?.version).toBeGreaterThan(first.version);
});

test("nobody there is believed for the negative time, and a watch corrects it at once", async () => {
  const { fake, backend, put } = fakeBackend();
  const registry = await cached(backend, { cacheNegativeTtl: 5000 });
  expect((await registry.snapshot("greeter")).records).toEqual([]);
  expect((await registry.snapshot("greeter")).records).toEqual([]);
  expect(fake.asked).toHaveLength(1);
  await eventually(() => expect(fake.watched).toEqual(["greeter"]));
  put(greeter("a"));
  await eventually(() => expect(idsOf(registry.peek("greeter")?.records)).toEqual(["a"]));
});

test("after the negative time it is asked again", async () => {
  const { fake, backend } = fakeBackend();
  const registry = await cached(backend, { cacheNegativeTtl: 10 });
  await registry.snapshot("greeter");
  await eventually(async () => {
    expect((await registry.snapshot("greeter")).records).toEqual([]);
    expect(fake.asked.length).toBeGreaterThan(1);
  });
});

test("a used answer is renewed in the background before it is too old", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const registry = await cached(backend, { cacheTtl: 600 });
  await registry.snapshot("greeter");
  for (let ms = 0; ms < 1500; ms += 5) {
    expect(registry.peek("greeter")).toBeDefined();
    await vi.advanceTimersByTimeAsync(5);
  }
  expect(fake.asked.length).toBeGreaterThan(2);
  expect(fake.asked.length).toBeLessThan(8);
});

test("an answer that was not renewed in time is too old", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  // Never started: nothing watches.
  const registry = createCachedRegistry(backend, { cacheTtl: 20, cacheNegativeTtl: 10 });
  running.push(registry);
  await registry.snapshot("greeter");
  fake.answer = () => new Promise(() => undefined);
  await eventually(() => expect(registry.peek("greeter")).toBeUndefined());
});

test("when the registry cannot be asked, the last good answer stays, marked stale, until it can", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const errors: MicroError[] = [];
  const registry = createCachedRegistry(backend, {
    cacheTtl: 10,
    cacheNegativeTtl: 10,
    onError: (error) => errors.push(error),
  });
  running.push(registry);
  const good = await registry.snapshot("greeter");
  fake.answer = down;
  const stale = await eventually(async () => {
    const found = await registry.snapshot("greeter");
    expect(found.stale).toBe(true);
    return found;
  });
  expect(stale.version).toBe(good.version);
  expect(stale.records).toBe(good.records);
  expect(errors[0]).toMatchObject({ code: "UNAVAILABLE", cause: new Error("connection refused") });
  expect(registry.peek("greeter")).toBe(stale);
  fake.answer = undefined;
  table.put(greeter("b"));
  await eventually(async () => {
    const found = await registry.snapshot("greeter");
    expect([found.stale, idsOf(found.records)]).toEqual([false, ["a", "b"]]);
  });
});

test("cannot ask and knows nothing: UNAVAILABLE with the reason, safe to try again", async () => {
  const { fake, backend } = fakeBackend();
  fake.answer = down;
  fake.brokenWatches = Infinity;
  const registry = await cached(backend);
  await expect(registry.snapshot("greeter")).rejects.toMatchObject({
    code: "UNAVAILABLE",
    notSent: true,
    detail: "registry 'fake', service 'greeter': cannot be asked: connection refused",
    cause: new Error("connection refused"),
  });
  expect(registry.peek("greeter")).toBeUndefined();
});

test("a question that was cut off reached no handler: the call it was for is safe to try again", async () => {
  const { fake, backend } = fakeBackend();
  const cut = new MicroError({ code: "UNAVAILABLE", detail: "the connection broke", notSent: false });
  fake.answer = () => Promise.reject(cut);
  const registry = await cached(backend);
  await expect(registry.snapshot("greeter")).rejects.toMatchObject({
    code: "UNAVAILABLE",
    notSent: true,
    detail: "registry 'fake', service 'greeter': cannot be asked: the connection broke",
    cause: cut,
  });
});

test("a registry that never answers costs no caller more than its own time", async () => {
  const { fake, backend } = fakeBackend();
  fake.answer = () => new Promise(() => undefined);
  const registry = await cached(backend);
  const began = performance.now();
  await expect(registry.snapshot("greeter", { timeoutMs: 30 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    detail: "registry 'fake', service 'greeter': no answer within 30 ms",
  });
  expect(performance.now() - began).toBeLessThan(1000);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(registry.snapshot("greeter", { signal })).rejects.toMatchObject({
    code: "CANCELLED",
    cause: new Error("enough"),
  });
  expect(fake.asked).toHaveLength(1);
});

test("who has no deadline waits for the answer", async () => {
  const { fake, backend } = fakeBackend();
  const registry = await cached(backend);
  fake.table.put(greeter("a"));
  fake.answer = async (service) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return fake.table.records(service);
  };
  const timeoutMs = Number.POSITIVE_INFINITY;
  expect(idsOf((await registry.snapshot("greeter", { timeoutMs })).records)).toEqual(["a"]);
  expect(idsOf(await registry.get("greeter", { timeoutMs }))).toEqual(["a"]);
});

test("when a renewal hangs, callers get what is known", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const registry = createCachedRegistry(backend, { cacheTtl: 1, cacheNegativeTtl: 1 });
  running.push(registry);
  await registry.snapshot("greeter");
  fake.answer = () => new Promise(() => undefined);
  await eventually(() => expect(registry.peek("greeter")).toBeUndefined());
  const found = await registry.snapshot("greeter", { timeoutMs: 20 });
  expect([found.stale, idsOf(found.records)]).toEqual([true, ["a"]]);
  expect(registry.peek("greeter")).toBe(found);
});

test("an evicted node is hidden until it is put again", async () => {
  const { backend, put, table } = fakeBackend();
  table.put(greeter("a", "b"));
  const registry = await cached(backend);
  const before = await registry.snapshot("greeter");
  registry.evict("greeter", "a");
  registry.evict("greeter", "unknown");
  registry.evict("unknown", "a");
  const after = registry.peek("greeter");
  expect(idsOf(after?.records)).toEqual(["b"]);
  expect(after?.version).toBeGreaterThan(before.version);
  await eventually(() => {
    put(greeter("a"));
    expect(idsOf(registry.peek("greeter")?.records)).toEqual(["a", "b"]);
  });
});

test("an answer that was asked for before the eviction does not bring the node back", async () => {
  const { fake, backend, table, put } = fakeBackend();
  table.put(greeter("a", "b"));
  const registry = createCachedRegistry(backend, { cacheTtl: 1, cacheNegativeTtl: 1 });
  running.push(registry);
  await registry.snapshot("greeter");
  await eventually(() => expect(registry.peek("greeter")).toBeUndefined());
  const answer = Promise.withResolvers<readonly ServiceRecord[]>();
  fake.answer = () => answer.promise;
  const asked = registry.snapshot("greeter");
  registry.evict("greeter", "a");
  await registry.register(greeter("c"));
  answer.resolve([greeter("a", "b")]);
  expect(idsOf((await asked).records)).toEqual(["b", "c"]);
  fake.answer = undefined;
  put(greeter("a"));
  await eventually(async () => expect(idsOf((await registry.snapshot("greeter")).records)).toContain("a"));
});

test("when the last node is evicted the registry is asked at once", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const registry = await cached(backend);
  await registry.snapshot("greeter");
  registry.evict("greeter", "a");
  expect(registry.peek("greeter")).toBeUndefined();
  expect(idsOf((await registry.snapshot("greeter")).records)).toEqual(["a"]);
  expect(fake.asked).toHaveLength(2);
});

test("stale and nothing left is the same as knowing nothing", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const registry = createCachedRegistry(backend, { cacheTtl: 60_000, cacheNegativeTtl: 10 });
  running.push(registry);
  await registry.snapshot("greeter");
  fake.answer = down;
  registry.evict("greeter", "a");
  await expect(registry.snapshot("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(registry.snapshot("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("own registrations are in the cache at once, and gone at once", async () => {
  const { fake, backend } = fakeBackend();
  fake.brokenWatches = Infinity;
  const registry = await cached(backend);
  await registry.snapshot("greeter");
  await registry.register(greeter("a"));
  expect(idsOf(registry.peek("greeter")?.records)).toEqual(["a"]);
  await registry.deregister(greeter("a"));
  expect(idsOf(registry.peek("greeter")?.records)).toEqual([]);
});

test("a watch that breaks off begins anew", async () => {
  const { fake, backend, put } = fakeBackend();
  fake.brokenWatches = 2;
  const errors: MicroError[] = [];
  const registry = await cached(backend, { onError: (error) => errors.push(error) });
  await registry.snapshot("greeter");
  await eventually(() => expect(fake.watched).toHaveLength(3));
  put(greeter("a"));
  await eventually(() => expect(idsOf(registry.peek("greeter")?.records)).toEqual(["a"]));
  expect(errors.map(({ detail }) => detail)).toEqual(
    Array.from({ length: 2 }, () => "registry 'fake': the watch of 'greeter' broke off: no connection"),
  );
});

test("a watch's snapshot replaces what was known", async () => {
  const { fake, backend, table } = fakeBackend();
  table.put(greeter("a"));
  const registry = await cached(backend);
  await registry.snapshot("greeter");
  await eventually(() => expect(fake.hub.size).toBe(1));
  table.delete(greeter("a"));
  table.put(greeter("b"));
  fake.hub.resync();
  await eventually(() => expect(idsOf(registry.peek("greeter")?.records)).toEqual(["b"]));
});

test("services beyond the bound make the one not used for longest go, with its watch", async () => {
  const { fake, backend } = fakeBackend();
  const registry = await cached(backend, { cacheServices: 2 });
  for (const name of ["a", "b"]) await registry.snapshot(name);
  await eventually(() => expect(fake.hub.size).toBe(2));
  registry.peek("a");
  await registry.snapshot("c");
  expect([registry.peek("a"), registry.peek("b"), registry.peek("c")].map((s) => s?.service)).toEqual([
    "a",
    undefined,
    "c",
  ]);
  await eventually(() => expect(fake.hub.size).toBe(2));
});

test("versions are never used twice, even when a service was dropped in between", async () => {
  const { backend, table } = fakeBackend();
  const registry = await cached(backend, { cacheServices: 1 });
  table.put(greeter("a"));
  const first = await registry.snapshot("greeter");
  await registry.snapshot("other");
  table.put(greeter("b"));
  expect((await registry.snapshot("greeter")).version).toBeGreaterThan(first.version);
});

test("stop ends the watches and what waits, and everything after it fails clearly", async () => {
  const { fake, backend } = fakeBackend();
  const registry = await cached(backend);
  await registry.snapshot("greeter");
  await eventually(() => expect(fake.hub.size).toBe(1));
  fake.answer = () => new Promise(() => undefined);
  const waiting = registry.snapshot("other");
  const outcome = expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await within("stop", Promise.resolve(registry.stop?.({ graceMs: 1000 })));
  await outcome;
  expect(fake.hub.size).toBe(0);
  expect(registry.peek("greeter")).toBeUndefined();
  const stopped = { code: "UNAVAILABLE", detail: expect.stringContaining("the registry is stopped") };
  for (const call of [
    () => registry.snapshot("greeter"),
    () => registry.get("greeter"),
    () => registry.list(),
    () => registry.register(greeter("a")),
    () => registry.deregister(greeter("a")),
    async () => registry.watch(),
  ]) {
    await expect(call()).rejects.toMatchObject(stopped);
  }
  await registry.start?.({ signal: new AbortController().signal });
  expect(await registry.list()).toEqual([]);
});

test("records that cannot work are refused with what is wrong", async () => {
  const { backend } = fakeBackend();
  const registry = await cached(backend);
  await expect(registry.register(greeter())).rejects.toThrow(
    "registry 'fake': registering 'greeter': the record names no node",
  );
  await expect(registry.register({ ...greeter("a"), name: "" })).rejects.toThrow("the service has no name");
  await expect(registry.register(greeter(""))).rejects.toThrow("a node has no id");
});

test("a backend's plain error becomes UNAVAILABLE with its cause, its MicroError stays", async () => {
  const { backend } = fakeBackend();
  const registry = await cached({
    ...backend,
    list: down,
    register: async () => {
      throw new MicroError({ code: "CONFLICT", detail: "taken" });
    },
  });
  await expect(registry.list()).rejects.toMatchObject({ code: "UNAVAILABLE", cause: expect.any(Error) });
  await expect(registry.register(greeter("a"))).rejects.toMatchObject({ code: "CONFLICT" });
});

test("a burst of 10,000 peeks at 10,000 nodes costs next to nothing", async () => {
  const { backend, table } = fakeBackend();
  table.put(greeter(...Array.from({ length: 10_000 }, (_, at) => `n${at}`)));
  const registry = await cached(backend);
  const first = await registry.snapshot("greeter");
  const began = performance.now();
  for (let i = 0; i < 10_000; i += 1) if (registry.peek("greeter") !== first) throw new Error("changed");
  // Looking at each node would take tens of seconds.
  expect(performance.now() - began).toBeLessThan(1000);
});

test("without errors told, background failures reject nothing unhandled", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  try {
    const { fake, backend, table } = fakeBackend();
    table.put(greeter("a"));
    fake.brokenWatches = Infinity;
    const registry = await cached(backend, { cacheTtl: 5, cacheNegativeTtl: 1 });
    await registry.snapshot("greeter");
    fake.answer = down;
    await eventually(() => expect(registry.peek("greeter")?.stale).toBe(true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off("unhandledRejection", unhandled);
  }
});
