import { describe, expect, test } from "vitest";
import { TestRegistry } from "./conformance.ts";
import { createSelector, type SelectorOptions } from "./create-selector.ts";
import type { Outcome, Selection, SelectRequest } from "./selector.ts";
import { leastPending, random, roundRobin, type Strategy } from "./strategy.ts";

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface SetUp {
  readonly nodes?: number;
  readonly strategy?: Strategy;
  readonly config?: Partial<SelectorOptions["config"]>;
}

function setUp({ nodes = 3, strategy = random, config = {} }: SetUp = {}) {
  const registry = new TestRegistry();
  const name = (count: number, from = 0) =>
    registry.set(
      "greeter",
      Array.from({ length: count }, (_, i) => ({ id: `n${from + i}` })),
    );
  name(nodes);
  const clock = { now: 1000 };
  const selector = createSelector({
    registry,
    strategy,
    config: { ejectAfter: 1, ejectTime: 1000, panicThreshold: 0, ...config },
    random: seeded(42),
    now: () => clock.now,
  });
  const select = (request: Partial<SelectRequest> = {}) =>
    selector.select({ service: "greeter", ...request }) as Selection;
  const end = (id: string, outcome: Outcome) => select({ filter: (node) => node.id === id }).done(outcome);
  const count = (times: number, request?: Partial<SelectRequest>) => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < times; i++) {
      const selection = select(request);
      counts[selection.node.id] = (counts[selection.node.id] ?? 0) + 1;
      selection.done("cancelled");
    }
    return counts;
  };
  return { registry, selector, select, end, count, clock, name };
}

describe("strategies", () => {
  test("random is even: 10,000 choices among 10 nodes stay within 10 % of 1,000 each", () => {
    const counts = Object.values(setUp({ nodes: 10 }).count(10_000));
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(100);
  });

  test("round robin gives each node exactly its turn", () => {
    const { select } = setUp({ nodes: 4, strategy: roundRobin });
    const ids = Array.from({ length: 12 }, () => select().node.id);
    expect(new Set(ids.slice(0, 4)).size).toBe(4);
    expect(ids.slice(4, 8)).toEqual(ids.slice(0, 4));
    expect(ids.slice(8)).toEqual(ids.slice(0, 4));
  });

  test("round robin rotates for each kind of request by itself", () => {
    const { select, registry } = setUp({ strategy: roundRobin });
    registry.set("greeter", [
      { id: "a", endpoints: ["G.One", "G.Two"] },
      { id: "b", endpoints: ["G.One", "G.Two"] },
    ]);
    const seen = { one: new Set<string>(), two: new Set<string>() };
    for (let i = 0; i < 4; i++) {
      seen.one.add(select({ endpoint: "G.One" }).node.id);
      seen.two.add(select({ endpoint: "G.Two" }).node.id);
    }
    expect([seen.one.size, seen.two.size]).toEqual([2, 2]);
  });

  test("round robin goes on where it was when the nodes change, and skips those left out", () => {
    const { count, name, end } = setUp({ nodes: 3, strategy: roundRobin });
    count(1);
    for (let change = 0; change < 30; change++) {
      // A registry that changes between any two calls must not send them all to one node.
      name(3);
      count(1);
    }
    name(4);
    expect(count(8)).toEqual({ n0: 2, n1: 2, n2: 2, n3: 2 });
    end("n2", "timeout");
    expect(count(9)).toEqual({ n0: 3, n1: 3, n3: 3 });
  });

  test("least pending: a node that answers slowly gets a small share of the calls", () => {
    const { select } = setUp({ nodes: 4, strategy: leastPending });
    const running: { selection: Selection; until: number }[] = [];
    const counts: Record<string, number> = {};
    for (let tick = 0; tick < 4000; tick++) {
      for (const call of running.filter(({ until }) => until <= tick)) {
        call.selection.done("ok");
        running.splice(running.indexOf(call), 1);
      }
      const selection = select();
      const { id } = selection.node;
      counts[id] = (counts[id] ?? 0) + 1;
      running.push({ selection, until: tick + (id === "n0" ? 100 : 2) });
    }
    expect(counts.n0).toBeLessThan(200);
    for (const id of ["n1", "n2", "n3"]) expect(counts[id]).toBeGreaterThan(1000);
  });

  test("least pending keeps the fullest of 100 nodes within 3 calls of the average", () => {
    const { select } = setUp({ nodes: 100, strategy: leastPending });
    const pending: Record<string, number> = {};
    for (let i = 0; i < 10_000; i++) {
      const { id } = select().node;
      pending[id] = (pending[id] ?? 0) + 1;
    }
    expect(Math.max(...Object.values(pending))).toBeLessThanOrEqual(103);
  });

  test("a strategy of one's own is a function; a wrong index is named", () => {
    const last: Strategy = (candidates) => candidates.length - 1;
    expect(setUp({ strategy: last }).count(10)).toEqual({ n2: 10 });
    expect(() => setUp({ strategy: () => 3 }).select()).toThrow(/chose 3: .* from 0 to 2/);
    expect(() => setUp({ strategy: () => Number.NaN }).select()).toThrow(/chose NaN/);
  });

  test("a strategy that insists on one node is overruled by what was excluded", () => {
    const first: Strategy = () => 0;
    const { count } = setUp({ strategy: first });
    expect(count(5, { exclude: new Set(["n0"]) })).toEqual({ n1: 5 });
  });
});

describe("ejection", () => {
  test("the time doubles with each failed trial, up to ten times the first", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    end("n0", "timeout");
    for (const expected of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      clock.now += expected - 1;
      expect(Array.from({ length: 20 }, () => select().node.id)).not.toContain("n0");
      clock.now += 1;
      const trial = select();
      expect(trial.node.id).toBe("n0");
      trial.done("timeout");
    }
  });

  test("after a success the time begins anew, unless it fails again soon", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    const leftOutFor = () => {
      let time = 0;
      while (select().node.id !== "n0") {
        clock.now += 500;
        time += 500;
      }
      return time;
    };
    end("n0", "timeout");
    expect(leftOutFor()).toBe(1000);
    end("n0", "ok");
    end("n0", "timeout");
    expect(leftOutFor()).toBe(2000);
    end("n0", "ok");
    clock.now += 10_001;
    end("n0", "timeout");
    expect(leftOutFor()).toBe(1000);
  });

  test("many calls that fail at once eject once", () => {
    const { select, clock } = setUp({ nodes: 2, config: { ejectAfter: 3 } });
    const calls = Array.from({ length: 64 }, () => select({ filter: ({ id }) => id === "n0" }));
    for (const call of calls) call.done("timeout");
    clock.now += 999;
    expect(select().node.id).toBe("n1");
    clock.now += 1;
    expect(select().node.id).toBe("n0");
  });

  test("a trial that nobody ends is made again after 30 s", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    end("n0", "timeout");
    clock.now += 1000;
    expect(select().node.id).toBe("n0");
    clock.now += 29_999;
    expect(select().node.id).toBe("n1");
    clock.now += 1;
    expect(select().node.id).toBe("n0");
  });

  test("a trial that the caller cancels is made again at once", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    end("n0", "timeout");
    clock.now += 1000;
    select().done("cancelled");
    const next = select();
    expect(next.node.id).toBe("n0");
    next.done("ok");
  });

  test("a trial goes only to requests that fit the node and did not try it", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    end("n0", "timeout");
    clock.now += 1000;
    expect(select({ exclude: new Set(["n0"]) }).node.id).toBe("n1");
    expect(select({ filter: ({ id }) => id === "n1" }).node.id).toBe("n1");
    expect(select().node.id).toBe("n0");
  });

  test("a key goes back to its node by a trial", () => {
    const { select, end, clock } = setUp({ nodes: 5 });
    const owner = select({ key: "k" }).node.id;
    end(owner, "timeout");
    const substitute = select({ key: "k" }).node.id;
    expect(substitute).not.toBe(owner);
    clock.now += 1000;
    const trial = select({ key: "k" });
    expect(trial.node.id).toBe(owner);
    expect(select({ key: "k" }).node.id).toBe(substitute);
    trial.done("ok");
    expect(select({ key: "k" }).node.id).toBe(owner);
  });

  test("a node that the registry loses and names again is still ejected; with another address it is not", () => {
    const { registry, count, end, name } = setUp({ nodes: 3 });
    end("n0", "unreachable");
    expect(registry.evicted).toEqual(["n0"]);
    expect(count(20)).not.toHaveProperty("n0");
    name(3);
    expect(count(20)).not.toHaveProperty("n0");
    registry.set("greeter", [{ id: "n0", address: "elsewhere:1" }, { id: "n1" }]);
    expect(count(50)).toHaveProperty("n0");
  });

  test("a retry prefers a node that failed earlier to the one that has just been tried", () => {
    const { select, end } = setUp({ nodes: 2 });
    end("n0", "timeout");
    expect(select({ exclude: new Set(["n1"]) }).node.id).toBe("n0");
  });

  test("an answer from an ejected node brings it back", () => {
    const { select, end, count } = setUp({ nodes: 2 });
    const slow = select({ filter: ({ id }) => id === "n0" });
    end("n0", "timeout");
    expect(count(20)).toEqual({ n1: 20 });
    slow.done("ok");
    expect(count(50)).toHaveProperty("n0");
  });
});

describe("draining", () => {
  test("a draining node is asked again after 5 s, by one call", () => {
    const { select, end, clock } = setUp({ nodes: 2 });
    end("n0", "draining");
    clock.now += 4999;
    expect(select().node.id).toBe("n1");
    clock.now += 1;
    const trial = select();
    expect(trial.node.id).toBe("n0");
    trial.done("draining");
    expect(select().node.id).toBe("n1");
  });

  test("draining nodes do not count towards panic, and are used when there is no other", () => {
    const { count, end } = setUp({ nodes: 4, config: { panicThreshold: 0.5 } });
    for (const id of ["n0", "n1", "n2"]) end(id, "draining");
    expect(count(20)).toEqual({ n3: 20 });
    end("n3", "timeout");
    expect(count(20)).toEqual({ n3: 20 });
    end("n3", "draining");
    expect(Object.keys(count(200))).toHaveLength(4);
  });
});

describe("keys among many nodes", () => {
  const owners = (select: ReturnType<typeof setUp>["select"]) =>
    Array.from({ length: 20_000 }, (_, i) => select({ key: `key-${i}` }).node.id);

  test("1,000 nodes share 20,000 keys: the fullest has less than twice the average and a half", () => {
    const counts: Record<string, number> = {};
    for (const id of owners(setUp({ nodes: 1000 }).select)) counts[id] = (counts[id] ?? 0) + 1;
    expect(Object.keys(counts)).toHaveLength(1000);
    expect(Math.max(...Object.values(counts))).toBeLessThan(50);
  });

  test("one node less moves its own keys and less than 3 % of the others", () => {
    const { select, registry } = setUp({ nodes: 1000 });
    const before = owners(select);
    registry.set(
      "greeter",
      Array.from({ length: 999 }, (_, i) => ({ id: `n${i < 500 ? i : i + 1}` })).reverse(),
    );
    const after = owners(select);
    const moved = before.filter((id, i) => id !== "n500" && id !== after[i]).length;
    expect(moved / before.length).toBeLessThan(0.03);
    expect(after).not.toContain("n500");
  });

  test("a node left out hands its keys to others and gets them back", () => {
    const { select, end, clock } = setUp({ nodes: 1000 });
    const before = owners(select);
    const [failing = ""] = before;
    end(failing, "timeout");
    const during = owners(select);
    expect(during).not.toContain(failing);
    expect(before.filter((id, i) => id !== failing && id !== during[i])).toEqual([]);
    clock.now += 1000;
    const trial = select({ key: "key-0" });
    trial.done("ok");
    expect(owners(select)).toEqual(before);
  });
});

describe("bounds", () => {
  test("what is remembered of nodes and requests stays bounded while all of them change", () => {
    const { name, select, count } = setUp();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 300; round++) {
      name(100, round * 100);
      select({ version: "latest", metadata: { record: "latest" } }).done("timeout");
      for (let i = 0; i < 20; i++) {
        expect(() => select({ metadata: { wanted: `${round}/${i}` } })).toThrow(/none available/);
      }
    }
    expect(Object.keys(count(1000)).length).toBeGreaterThan(90);
    expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(64);
  });

  test("names that nobody serves leave nothing behind and push out nobody", async () => {
    const { selector, end, count } = setUp({ nodes: 2 });
    end("n0", "timeout");
    for (let i = 0; i < 3000; i++) {
      await expect(Promise.resolve(selector.select({ service: `nobody-${i}` }))).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
    }
    expect(count(20)).toEqual({ n1: 20 });
  });

  test("a choice among 10,000 nodes takes less than 20 µs", () => {
    const { select, end } = setUp({ nodes: 10_000, config: { panicThreshold: 0.5 } });
    end("n7", "timeout");
    const tried = new Set(["n1"]);
    select({ key: "warm" }).done("ok");
    // The best of many short rounds: on a busy machine some of them are interrupted, not all.
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20; round++) {
      const begin = performance.now();
      for (let i = 0; i < 100; i++) {
        select().done("ok");
        select({ exclude: tried }).done("ok");
        select({ key: `k${i}` }).done("ok");
      }
      best = Math.min(best, performance.now() - begin);
    }
    // A look at all of them takes at least 50 µs.
    expect((best * 1000) / 300).toBeLessThan(20);
  });
});
