import type { MicroError } from "@micro/core";
import { expect, test } from "vitest";
import { withFleet } from "../src/fleet.ts";
import { failuresOf } from "../src/traffic.ts";

const CALLS = 1000;
const MOST = 1.3;

test("all nodes answer UNAVAILABLE: 1,000 idempotent calls make at most 1.3 attempts each", () =>
  withFleet({ nodes: ["a", "b"] }, async ({ probe, load }) => {
    let attempts = 0;
    const traffic = load({
      calls: CALLS,
      concurrency: 20,
      call: () => probe.fail({ code: "UNAVAILABLE" }, { onAttempt: () => attempts++ }),
    });
    const outcomes = await traffic.finished();
    expect(failuresOf(outcomes)).toHaveLength(CALLS);
    for (const { error } of outcomes) expect((error as MicroError).code).toBe("UNAVAILABLE");
    expect(attempts / CALLS, "attempts per call").toBeLessThanOrEqual(MOST);
  }));

test("all nodes are frozen: 1,000 idempotent calls make at most 1.3 attempts each", async () => {
  await withFleet({ nodes: ["a", "b"] }, async ({ probe, load, child }) => {
    await load({ calls: 20, concurrency: 5, call: () => probe.echo({}) }).finished();
    for (const name of ["a", "b"]) child(name).signal("SIGSTOP");
    let attempts = 0;
    const traffic = load({
      calls: CALLS,
      concurrency: 250,
      call: () => probe.echo({}, { timeoutMs: 300, onAttempt: () => attempts++ }),
    });
    const outcomes = await traffic.finished();
    expect(failuresOf(outcomes)).toHaveLength(CALLS);
    for (const { error, began, ended } of outcomes) {
      expect((error as MicroError).code).toBe("TIMEOUT");
      expect(ended - began).toBeLessThan(3000);
    }
    expect(attempts / CALLS, "attempts per call").toBeLessThanOrEqual(MOST);
  });
});

test("errors that are no trouble on the way are not tried again", () =>
  withFleet({ nodes: ["a", "b"] }, async ({ probe }) => {
    for (const code of ["NOT_FOUND", "INTERNAL"] as const) {
      let attempts = 0;
      const call = probe.fail({ code }, { onAttempt: () => attempts++ });
      await expect(call).rejects.toMatchObject({ code, detail: `asked to fail with ${code}` });
      expect(attempts).toBe(1);
    }
  }));
