import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { withFleet } from "../src/fleet.ts";
import { errorTexts } from "../src/traffic.ts";
import { within } from "../src/within.ts";

test.each([
  ["on shared connections", true],
  ["on connections as with Go's peers", false],
])(
  "three nodes are replaced one after the other by SIGTERM under load %s: no call fails, each ends with 0",
  async (_, multiplex) => {
    const fleet = { nodes: ["a1", "b1", "c1"], caller: { transport: { multiplex } } };
    await withFleet(fleet, async ({ probe, child, load, start }) => {
      const repeatable = load<Answer>({ concurrency: 10, call: () => probe.echo({ workMs: 3 }) });
      const single = load<Answer>({
        concurrency: 10,
        call: (index) => probe.once({ id: `${index}`, workMs: 3 }),
      });
      await single.reached(200);
      const runs = new Map<string, number>();
      for (const name of ["a", "b", "c"]) {
        await start(`${name}2`);
        const old = child(`${name}1`);
        for (const [id, count] of Object.entries((await old.report()).once)) {
          runs.set(id, Math.max(count, runs.get(id) ?? 0));
        }
        expect(await old.terminate()).toEqual({ status: 0 });
        await single.more(100);
      }
      const [first, second] = [await repeatable.stop(), await single.stop()];

      expect(errorTexts(first)).toEqual({});
      expect(errorTexts(second)).toEqual({});
      expect(new Set(second.slice(-100).map(({ value }) => value?.node))).toEqual(
        new Set(["a2", "b2", "c2"]),
      );
      // What runs on two nodes would be counted by both.
      for (const name of ["a2", "b2", "c2"]) {
        for (const [id, count] of Object.entries((await child(name).report()).once)) {
          runs.set(id, count + (runs.get(id) ?? 0));
        }
      }
      for (const [id, count] of runs) expect(count, `runs of call ${id}`).toBe(1);
    });
  },
  40_000,
);

test("SIGTERM lets a call of a second end, and the client hears no error", async () => {
  await withFleet({ nodes: ["a"] }, async ({ probe, child }) => {
    const running = probe.once({ id: "long", workMs: 1000 });
    await expect.poll(async () => (await child("a").report()).once.long).toBe(1);
    const [answer, end] = await Promise.all([running, child("a").terminate()]);
    expect(answer).toEqual({ node: "a" });
    expect(end).toEqual({ status: 0 });
  });
});

test("a second SIGTERM ends a process at once: what still runs is cancelled, and its callers hear UNAVAILABLE", () =>
  withFleet({}, async ({ probe, child }) => {
    const stuck = Promise.allSettled([
      probe.waitUnary({ id: "unary" }, { timeoutMs: 60_000 }),
      probe.waitClient([{ id: "stream" }]),
    ]);
    for (const id of ["unary", "stream"]) await child("a").handler("began", id);
    child("a").signal("SIGTERM");
    await expect.poll(async () => (await child("a").report()).health.state).toBe("draining");
    // Not 0: the first stop was cut short.
    expect(await child("a").terminate(3000)).toEqual({ status: 1 });
    for (const outcome of await within("the callers must hear of it", 4000, stuck)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
    }
  }));
