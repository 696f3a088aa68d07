import { describe, expect, test } from "vitest";
import { type FinishedRun, type FinishedTest, judgeRun, summaryLine } from "./run-verdict.ts";

const passed = (name: string): FinishedTest => ({ name, state: "passed" });

function run(tests: readonly FinishedTest[], changes: Partial<FinishedRun> = {}): FinishedRun {
  return { tests, otherFailures: 0, complete: true, floor: 0, skipsCount: false, ...changes };
}

describe("the verdict on a test run", () => {
  test("counts what passed and is silent about a good run", () => {
    const verdict = judgeRun(run([passed("a"), passed("b")], { floor: 2 }));
    expect(verdict).toEqual({ counts: { passed: 2, failed: 0, skipped: 0 }, problems: [], notes: [] });
    expect(summaryLine(verdict.counts)).toBe("2 passed, 0 failed");
  });

  test("counts a failure outside of tests as failed", () => {
    const { counts } = judgeRun(run([passed("a"), { name: "b", state: "failed" }], { otherFailures: 2 }));
    expect(summaryLine(counts)).toBe("1 passed, 3 failed");
  });

  test("accepts a skip that says why", () => {
    const { counts, problems } = judgeRun(run([{ name: "a", state: "skipped", skipReason: "no IPv6 here" }]));
    expect(problems).toEqual([]);
    expect(summaryLine(counts)).toBe("0 passed, 0 failed, 1 skipped");
  });

  test.each([undefined, "", "  "])("fails a skip whose reason is %j", (skipReason) => {
    const { counts, problems } = judgeRun(run([passed("a"), { name: "b", state: "skipped", skipReason }]));
    expect(problems).toEqual([expect.stringContaining("skipped without a reason: b")]);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test("fails a complete run below the floor, and says where the floor is", () => {
    const { counts, problems } = judgeRun(run([passed("a")], { floor: 2 }));
    expect(problems).toEqual([expect.stringContaining("tooling/checks/test-floor.json")]);
    expect(counts.failed).toBe(1);
  });

  test("counts a skip that says why toward the floor where it is told to", () => {
    const tests: FinishedTest[] = [passed("a"), { name: "b", state: "skipped", skipReason: "no Go here" }];
    expect(judgeRun(run(tests, { floor: 2, skipsCount: true })).problems).toEqual([]);
    expect(judgeRun(run(tests, { floor: 2, skipsCount: false })).problems).toEqual([
      expect.stringContaining("1 tests ran, at least 2 must"),
    ]);
    expect(judgeRun(run(tests, { floor: 3, skipsCount: true })).problems).toEqual([
      expect.stringContaining("1 tests ran and 1 were skipped, at least 3 must"),
    ]);
  });

  test("counts no silent skip toward the floor", () => {
    const tests: FinishedTest[] = [passed("a"), { name: "b", state: "skipped" }];
    expect(judgeRun(run(tests, { floor: 2, skipsCount: true })).problems).toEqual([
      expect.stringContaining("skipped without a reason: b"),
      expect.stringContaining("1 tests ran, at least 2 must"),
    ]);
  });

  test("does not ask for the floor or for reasons when only some tests were asked for", () => {
    const tests = [passed("a"), { name: "b", state: "skipped" } as const];
    expect(judgeRun(run(tests, { complete: false, floor: 100 })).problems).toEqual([]);
  });

  test("fails a test that never finished, even in a part of a run", () => {
    const { counts, problems } = judgeRun(run([{ name: "a", state: "pending" }], { complete: false }));
    expect(problems).toEqual(["never finished: a"]);
    expect(counts.failed).toBe(1);
  });

  test("asks to raise a floor that has fallen far behind", () => {
    const tests = Array.from({ length: 10 }, (_, index) => passed(`t${index}`));
    expect(judgeRun(run(tests, { floor: 5 })).notes).toEqual([expect.stringContaining("raise it")]);
  });
});
