import { MicroError } from "@micro/core";
import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { withFleet } from "../src/fleet.ts";
import { errorTexts, failuresOf } from "../src/traffic.ts";
import { eventually, within } from "../src/within.ts";

test("SIGKILL of one of two nodes in the middle of 500 idempotent calls: no call fails", () =>
  withFleet({ nodes: ["a", "b"] }, async ({ probe, child, load }) => {
    const traffic = load<Answer>({ calls: 500, concurrency: 20, call: () => probe.echo({ workMs: 5 }) });
    await traffic.reached(200);
    child("a").signal("SIGKILL");
    await child("a").ended;
    const killedAt = performance.now();
    const outcomes = await traffic.finished();

    expect(errorTexts(outcomes)).toEqual({});
    expect(outcomes).toHaveLength(500);
    const after = outcomes.filter(({ began }) => began > killedAt);
    expect(new Set(after.map(({ value }) => value?.node))).toEqual(new Set(["b"]));
    expect(new Set(outcomes.map(({ value }) => value?.node))).toEqual(new Set(["a", "b"]));
  }));

test("SIGKILL under calls that are not idempotent: none runs twice, and failures are UNAVAILABLE in clear words", () =>
  withFleet({ nodes: ["a", "b"] }, async ({ probe, child, load }) => {
    const traffic = load<Answer>({
      calls: 500,
      concurrency: 20,
      call: (index) => probe.once({ id: `call-${index}`, workMs: 5 }),
    });
    await traffic.reached(200);
    // What the dying node has run until now is the least that it ran.
    const before = await child("a").report();
    child("a").signal("SIGKILL");
    const outcomes = await traffic.finished();
    const { once } = await child("b").report();

    for (const [id, runs] of Object.entries(once)) {
      expect(runs, id).toBe(1);
      expect(before.once[id], `${id} ran on both nodes`).toBeUndefined();
    }
    const failures = failuresOf(outcomes);
    // Only what was under way on the dead node may fail.
    expect(failures.length).toBeLessThanOrEqual(20);
    for (const { index, error } of failures) {
      expect(MicroError.is(error) && error.code, String(error)).toBe("UNAVAILABLE");
      expect(MicroError.is(error) && error.id).toMatch(/^go\.micro\.client/);
      expect(String(error)).toMatch(/connection|closed|reset|broke/i);
      expect(once[`call-${index}`], "a call that failed must not have run elsewhere").toBeUndefined();
    }
    // Every call that did not fail ran exactly once, on the node that says so.
    for (const { index, value } of outcomes) {
      if (value?.node === "b") expect(once[`call-${index}`]).toBe(1);
    }
  }));

test("a node that is killed and started again on the same address gets calls again", () =>
  withFleet({ nodes: ["a", "b"] }, async ({ probe, child, load, start }) => {
    const traffic = load<Answer>({ concurrency: 10, call: () => probe.echo({ workMs: 2 }) });
    await traffic.reached(100);
    const { address } = child("a");
    child("a").signal("SIGKILL");
    await child("a").ended;
    await traffic.more(100);
    await start("a2", { settings: { server: { address } } });
    const answers = () => traffic.outcomes.some(({ value }) => value?.node === "a2");
    await eventually("the new node must get calls", 10_000, { ask: answers, until: (does) => does });
    expect(errorTexts(await traffic.stop())).toEqual({});
  }));

test("SIGKILL under streams: each reader hears of it at once, in clear words", () =>
  withFleet({}, async ({ probe, child }) => {
    async function* requests(id: string) {
      yield { id };
      await new Promise(() => undefined);
    }
    const calls = {
      unary: probe.waitUnary({ id: "unary" }),
      server: readAll(probe.waitServer({ id: "server" })),
      client: probe.waitClient(requests("client")),
      bidi: readAll(probe.waitBidi(requests("bidi"))),
    };
    const outcomes = Promise.allSettled(Object.values(calls));
    await Promise.all(Object.keys(calls).map((id) => child("a").handler("began", id)));
    child("a").signal("SIGKILL");
    for (const outcome of await within("all calls must end", 4000, outcomes)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE" } });
    }
  }));

async function readAll(replies: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of replies);
}
