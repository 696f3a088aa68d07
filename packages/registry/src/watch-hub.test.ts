import { expect, test } from "vitest";
import type { ServiceRecord } from "./model.ts";
import { NodeTable } from "./node-table.ts";
import { WatchHub } from "./watch-hub.ts";

const record = (name: string, ...ids: string[]): ServiceRecord => ({
  name,
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: ids.map((id) => ({ id, address: "h:1", metadata: {} })),
});

function world(capacity?: number) {
  const table = new NodeTable();
  const hub = new WatchHub({
    snapshot: (service) => table.records(service),
    ...(capacity === undefined ? {} : { capacity }),
  });
  const put = (each: ServiceRecord) => {
    table.put(each);
    hub.publish({ type: "put", service: each });
  };
  return { table, hub, put };
}

test("the first snapshot is of the moment it is read, and what it covers is not told twice", async () => {
  const { hub, put } = world();
  const reader = hub.watch()[Symbol.asyncIterator]();
  put(record("a", "a1"));
  const first = await reader.next();
  expect(first.value).toMatchObject({ type: "snapshot", services: [{ name: "a" }] });
  put(record("b", "b1"));
  expect((await reader.next()).value).toMatchObject({ type: "put", service: { name: "b" } });
  hub.close();
  expect((await reader.next()).done).toBe(true);
});

test("a watcher that falls behind gets a fresh snapshot instead of a queue without end", async () => {
  const { hub, put } = world(3);
  const reader = hub.watch()[Symbol.asyncIterator]();
  await reader.next();
  for (let i = 0; i < 100; i += 1) put(record("a", `a${i}`));
  const { value } = await reader.next();
  expect(value?.type === "snapshot" && value.services[0]?.nodes).toHaveLength(100);
  put(record("a", "last"));
  expect((await reader.next()).value).toMatchObject({ type: "put", service: { nodes: [{ id: "last" }] } });
  await reader.return?.();
});

test("every loop is a watcher of its own and leaves nothing behind", async () => {
  const { hub, put } = world();
  const watch = hub.watch();
  expect(hub.size).toBe(0);
  const [one, other] = [watch[Symbol.asyncIterator](), watch[Symbol.asyncIterator]()];
  expect(hub.size).toBe(2);
  await one.next();
  await other.next();
  put(record("a", "a1"));
  expect((await one.next()).value?.type).toBe("put");
  expect((await other.next()).value?.type).toBe("put");
  await one.return?.();
  await other.return?.();
  expect(hub.size).toBe(0);
});

test("the first snapshot waits until the registry has learnt what there is", async () => {
  const { hub, put } = world();
  const ready = Promise.withResolvers<void>();
  const reader = hub.watch({}, () => ({ ready: ready.promise }))[Symbol.asyncIterator]();
  const first = reader.next();
  put(record("a", "a1"));
  ready.resolve();
  expect((await first).value).toMatchObject({ type: "snapshot", services: [{ name: "a" }] });
  await reader.return?.();
});

test("a registry that cannot learn what there is fails the watch with its reason", async () => {
  const { hub } = world();
  const failed = Promise.reject(new Error("no interface"));
  const reader = hub.watch({}, () => ({ ready: failed }))[Symbol.asyncIterator]();
  await expect(reader.next()).rejects.toThrow("no interface");
  expect((await reader.next()).done).toBe(true);
  expect(hub.size).toBe(0);
});

test("a second read while one waits is an error, not a lost event", async () => {
  const { hub } = world();
  const reader = hub.watch()[Symbol.asyncIterator]();
  await reader.next();
  const waiting = reader.next();
  await expect(reader.next()).rejects.toThrow("a watch has one reader");
  hub.resync();
  expect((await waiting).value?.type).toBe("snapshot");
  await reader.return?.();
});

test("an abort takes its listener back", async () => {
  const { hub } = world();
  const controller = new AbortController();
  const reader = hub.watch({ signal: controller.signal })[Symbol.asyncIterator]();
  await reader.next();
  const waiting = reader.next();
  controller.abort();
  expect((await waiting).done).toBe(true);
  expect(hub.size).toBe(0);
});

test("who enters leaves once, however it ends", async () => {
  const { hub } = world();
  const inside = { now: 0, left: 0 };
  const enter = (ready?: Promise<unknown>) => () => {
    inside.now += 1;
    const leave = () => {
      inside.now -= 1;
      inside.left += 1;
    };
    return ready === undefined ? { leave } : { ready, leave };
  };
  const controller = new AbortController();
  const returned = hub.watch({}, enter())[Symbol.asyncIterator]();
  const aborted = hub.watch({ signal: controller.signal }, enter())[Symbol.asyncIterator]();
  const failed = hub.watch({}, enter(Promise.reject(new Error("no interface"))))[Symbol.asyncIterator]();
  const closed = hub.watch({}, enter())[Symbol.asyncIterator]();
  expect(inside.now).toBe(4);
  await returned.return?.();
  controller.abort();
  await expect(failed.next()).rejects.toThrow("no interface");
  expect(inside).toEqual({ now: 1, left: 3 });
  hub.close();
  for (const reader of [returned, aborted, failed, closed]) expect((await reader.next()).done).toBe(true);
  expect(inside).toEqual({ now: 0, left: 4 });
});

test("nobody enters with an aborted signal, and who is not let in reads nothing", async () => {
  const { hub } = world();
  let entered = 0;
  const enter = () => {
    entered += 1;
    return undefined;
  };
  const aborted = hub.watch({ signal: AbortSignal.abort() }, enter)[Symbol.asyncIterator]();
  expect([(await aborted.next()).done, entered]).toEqual([true, 0]);
  const refused = hub.watch({}, enter)[Symbol.asyncIterator]();
  expect([(await refused.next()).done, entered]).toEqual([true, 1]);
  expect(hub.size).toBe(0);
});
