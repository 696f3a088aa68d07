import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Answer, probe as contract } from "../src/contract.ts";
import { withFleet } from "../src/fleet.ts";
import { startCaller } from "../src/stack.ts";
import { durations, errorTexts, failuresOf, quantile } from "../src/traffic.ts";
import { eventually } from "../src/within.ts";

const TIMEOUT_MS = 1500;

test("SIGSTOP of a node under load: calls move away within seconds and none fails; SIGCONT brings it back", async () => {
  await withFleet({ nodes: ["a", "b"] }, async ({ probe, child, load }) => {
    /** Calls that lost an attempt on one of the nodes. */
    const delayed = new Set<number>();
    const traffic = load<Answer>({
      concurrency: 10,
      call: (index) =>
        probe.echo(
          { workMs: 2 },
          { timeoutMs: TIMEOUT_MS, onAttempt: ({ error }) => error !== undefined && delayed.add(index) },
        ),
    });
    await traffic.reached(200);
    child("a").signal("SIGSTOP");
    const frozenAt = performance.now();

    // Moved away: a hundred calls in a row that lost nothing on the frozen node.
    const swift = () =>
      traffic.outcomes.slice(-100).every(({ began, index }) => began > frozenAt && !delayed.has(index));
    await traffic.more(100, 20_000);
    await eventually("calls must move away", 8000, { ask: swift, until: (moved) => moved });

    child("a").signal("SIGCONT");
    const thawedAt = performance.now();
    const back = () => traffic.outcomes.some(({ began, value }) => began > thawedAt && value?.node === "a");
    await eventually("the node must be back in rotation", 10_000, { ask: back, until: (is) => is });
    await traffic.more(300);
    const outcomes = await traffic.stop();

    expect(errorTexts(outcomes)).toEqual({});
    const share = outcomes.slice(-200).filter(({ value }) => value?.node === "a").length;
    expect(share, "calls of the last 200 that went to the node").toBeGreaterThan(50);
    // The calls that met the frozen node were answered by the other one within their deadline.
    expect(delayed.size, "calls that met the frozen node").toBeGreaterThan(0);
    expect(delayed.size, "calls that met the frozen node").toBeLessThan(60);
    expect(quantile(durations(outcomes), 0.5), "median ms").toBeLessThan(200);
  });
});

test("calls that are not idempotent end by their deadline on a frozen node, and the next ones go elsewhere", async () => {
  await withFleet({ nodes: ["a", "b"] }, async ({ probe, child, load }) => {
    const warm = load<Answer>({ calls: 50, concurrency: 5, call: () => probe.echo({}) });
    await warm.finished();
    child("a").signal("SIGSTOP");
    const traffic = load<Answer>({
      calls: 200,
      concurrency: 10,
      call: (index) => probe.once({ id: `${index}` }, { timeoutMs: 500 }),
    });
    const outcomes = await traffic.finished();
    child("a").signal("SIGCONT");
    const [a, b] = [await child("a").report(), await child("b").report()];

    const failures = failuresOf(outcomes);
    expect(failures.length, "calls that met the frozen node").toBeLessThan(40);
    for (const { error } of failures) expect(error).toMatchObject({ code: "TIMEOUT", id: "go.micro.client" });
    // The client's own time, which would hold else, is 5 s.
    for (const { began, ended } of failures) expect(ended - began).toBeLessThan(2500);
    for (const id of Object.keys(b.once)) expect(a.once[id], `call ${id} ran on both`).toBeUndefined();
  });
});

test("a caller that did not run past its deadline takes the reply that came meanwhile, and blames nobody", () =>
  withFleet({}, async ({ probe }) => {
    await probe.echo({});
    const reply = probe.echo({ workMs: 20 }, { timeoutMs: 300, retries: 0 });
    await nextTurn();
    for (const until = performance.now() + 600; performance.now() < until; );
    expect(await reply).toEqual({ node: "a" });
  }));

test("stopping a caller whose peer is frozen is clean, and takes no longer than it may", () =>
  withFleet({}, async ({ probe, child, folder }) => {
    await probe.echo({});
    for (const graceMs of [0, 500]) {
      const other = await startCaller(folder);
      await other.client.of(contract).echo({});
      child("a").signal("SIGSTOP");
      const began = performance.now();
      await other.stop({ graceMs });
      // Frozen for good: who waited for it would wait until this test is over.
      expect(performance.now() - began).toBeLessThan(graceMs + 3000);
      child("a").thaw();
    }
  }));
