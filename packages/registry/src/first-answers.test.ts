import { eventually } from "@micro/core/conformance";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCachedRegistry } from "./cached-registry.ts";
import type { ServiceRecord } from "./model.ts";
import { NodeTable } from "./node-table.ts";
import type { GetOptions, Registry, RegistryBackend, Snapshot } from "./registry.ts";

const greeter = (id: string, version = "v1"): ServiceRecord => ({
  name: "greeter",
  version,
  metadata: {},
  endpoints: [],
  nodes: [{ id, address: "127.0.0.1:1", metadata: {} }],
});
const idsOf = ({ records }: Snapshot) => records.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort();
const somebody = ({ records }: Snapshot): boolean => records.length > 0;
const ofVersion =
  (version: string) =>
  ({ records }: Snapshot): boolean =>
    records.some((record) => record.version === version);

/** A registry of nodes that answer one after the other, when the test says so. */
function slowRegistry() {
  const table = new NodeTable();
  const questions: { onFound: NonNullable<GetOptions["onFound"]>; end: (error?: Error) => void }[] = [];
  const backend: RegistryBackend = {
    name: "slow",
    register: async () => undefined,
    deregister: async () => undefined,
    list: async () => [],
    async *watch() {
      // Never started.
    },
    get: (service, { onFound = () => undefined } = {}) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void =>
          error === undefined ? resolve(table.records(service)) : reject(error);
        questions.push({ onFound, end });
      }),
  };
  const question = () => {
    const last = questions.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  };
  return {
    registry: createCachedRegistry(backend, { cacheTtl: 60_000, cacheNegativeTtl: 1000 }),
    questions,
    answer: (record: ServiceRecord) => {
      table.put(record);
      question().onFound(record);
    },
    /** All have answered, or nobody can be asked after all. */
    end: (error?: Error) => question().end(error),
  };
}

/** How `promise` ended: undefined while it has not. */
function outcomeOf(promise: Promise<Snapshot>): { ids: readonly string[] | undefined } {
  const outcome: { ids: readonly string[] | undefined } = { ids: undefined };
  void promise.then((snapshot) => {
    outcome.ids = idsOf(snapshot);
  });
  return outcome;
}

describe("who answers first", () => {
  let slow: ReturnType<typeof slowRegistry>;
  let registry: Registry;
  beforeEach(() => {
    vi.useFakeTimers();
    slow = slowRegistry();
    ({ registry } = slow);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await registry.stop?.({ graceMs: 100 });
  });

  test("a call goes out to those who answer at once; whoever wants all waits for all", async () => {
    const first = registry.snapshot("greeter", { enough: somebody });
    const all = outcomeOf(registry.snapshot("greeter"));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(5);
    slow.answer(greeter("b"));
    await vi.advanceTimersByTimeAsync(20);
    expect(idsOf(await first)).toEqual(["a", "b"]);
    slow.answer(greeter("c"));
    await vi.advanceTimersByTimeAsync(50);
    expect(all.ids).toBeUndefined();
    expect(registry.peek("greeter")).toBeUndefined();
    slow.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(all.ids).toEqual(["a", "b", "c"]);
    expect(registry.peek("greeter")).toBeDefined();
    expect(slow.questions).toHaveLength(1);
  });

  test("the fastest node alone is not enough while others may answer as fast", async () => {
    const first = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(5);
    expect(first.ids).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    expect(first.ids).toEqual(["a"]);
  });

  test("who has given up is asked no more", async () => {
    const controller = new AbortController();
    let asked = 0;
    const enough = (): boolean => {
      asked++;
      return false;
    };
    const given = registry.snapshot("greeter", { enough, signal: controller.signal });
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    expect(asked).toBe(1);
    controller.abort(new Error("enough of it"));
    await expect(given).rejects.toMatchObject({ code: "CANCELLED" });
    slow.answer(greeter("b"));
    await vi.advanceTimersByTimeAsync(20);
    expect(asked).toBe(1);
  });

  test("calls that come later while others may still answer go out at once", async () => {
    void registry.snapshot("greeter", { enough: somebody });
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    const later = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    await vi.advanceTimersByTimeAsync(0);
    expect(later.ids).toEqual(["a"]);
    expect(slow.questions).toHaveLength(1);
  });

  test("when the first ones do not fit the others are waited for", async () => {
    const fitting = outcomeOf(registry.snapshot("greeter", { enough: ofVersion("v2") }));
    const never = outcomeOf(registry.snapshot("greeter", { enough: ofVersion("v3") }));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(50);
    expect(fitting.ids).toBeUndefined();
    slow.answer(greeter("b", "v2"));
    await vi.advanceTimersByTimeAsync(20);
    expect(fitting.ids).toEqual(["a", "b"]);
    expect(never.ids).toBeUndefined();
    slow.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(never.ids).toEqual(["a", "b"]);
  });

  test("nobody there is known when nobody can answer any more", async () => {
    const first = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    await vi.advanceTimersByTimeAsync(100);
    expect(first.ids).toBeUndefined();
    slow.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(first.ids).toEqual([]);
  });

  test("when those who answered are all there are, the snapshot stays the same", async () => {
    const first = registry.snapshot("greeter", { enough: somebody });
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    slow.end();
    expect(await registry.snapshot("greeter")).toBe(await first);
  });

  test("a question that breaks off is no answer, whoever has answered", async () => {
    const first = registry.snapshot("greeter", { enough: somebody });
    const all = expect(registry.snapshot("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    expect(idsOf(await first)).toEqual(["a"]);
    slow.end(new Error("the network is down"));
    await all;
    expect(registry.peek("greeter")).toBeUndefined();
    const next = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    slow.answer(greeter("b"));
    await vi.advanceTimersByTimeAsync(20);
    expect(next.ids).toEqual(["b"]);
  });

  test("while a registry that was down is asked again, those who have answered are not all there is", async () => {
    const empty = registry.snapshot("greeter");
    slow.end();
    expect(idsOf(await empty)).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    const failed = expect(registry.snapshot("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    slow.end(new Error("the network is down"));
    await failed;
    const all = outcomeOf(registry.snapshot("greeter"));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    expect(registry.peek("greeter")).toBeUndefined();
    expect(all.ids).toBeUndefined();
    slow.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(all.ids).toEqual(["a"]);
  });

  test("a node that cannot be reached is not chosen again, unless it is the only one", async () => {
    const first = registry.snapshot("greeter", { enough: somebody });
    slow.answer(greeter("a"));
    slow.answer(greeter("b"));
    await vi.advanceTimersByTimeAsync(20);
    await first;
    registry.evict("greeter", "a");
    const second = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    await vi.advanceTimersByTimeAsync(0);
    expect(second.ids).toEqual(["b"]);
    registry.evict("greeter", "b");
    const third = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    await vi.advanceTimersByTimeAsync(20);
    expect(third.ids).toBeUndefined();
    slow.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(third.ids).toEqual(["b"]);
  });

  test("a node that is taken back while others may answer is gone", async () => {
    const first = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    slow.answer(greeter("a"));
    slow.answer(greeter("b"));
    await registry.deregister(greeter("a"));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    expect(first.ids).toEqual(["b"]);
  });

  test("whoever decides what is enough may fail: only its own caller hears of it", async () => {
    const failing = expect(
      registry.snapshot("greeter", {
        enough: () => {
          throw new Error("a mistake");
        },
      }),
    ).rejects.toThrow("a mistake");
    const other = outcomeOf(registry.snapshot("greeter", { enough: somebody }));
    slow.answer(greeter("a"));
    await vi.advanceTimersByTimeAsync(20);
    await failing;
    expect(other.ids).toEqual(["a"]);
  });

  test("get tells of those who answer, too", async () => {
    const told: string[] = [];
    const answer = registry.get("greeter", {
      onFound: ({ nodes }) => told.push(...nodes.map(({ id }) => id)),
    });
    slow.answer(greeter("a"));
    expect(told).toEqual(["a"]);
    slow.end();
    expect(await answer).toHaveLength(1);
  });
});

test("an answer that is too old is renewed: a call goes out when the first node has answered", async () => {
  const slow = slowRegistry();
  const first = slow.registry.snapshot("greeter");
  slow.answer(greeter("a"));
  slow.end();
  await first;
  slow.registry.evict("greeter", "a");
  const again = slow.registry.snapshot("greeter", { enough: somebody });
  expect(slow.questions).toHaveLength(2);
  slow.answer(greeter("a"));
  expect(idsOf(await again)).toEqual(["a"]);
  slow.end();
  await eventually(() => expect(slow.registry.peek("greeter")).toBeDefined());
  await slow.registry.stop?.({ graceMs: 100 });
});
