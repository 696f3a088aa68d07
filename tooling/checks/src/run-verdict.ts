/** One test as the verdict sees it. */
export interface FinishedTest {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped" | "pending";
  /** What `ctx.skip("…")` said. */
  readonly skipReason?: string | undefined;
}

/** Everything a run produced. */
export interface FinishedRun {
  readonly tests: readonly FinishedTest[];
  /** Failures that belong to no test: files that do not load, hooks, unhandled rejections. */
  readonly otherFailures: number;
  /** False when only a part of the tests was asked for (a file filter, `-t`, a shard). */
  readonly complete: boolean;
  /** The number of tests that a complete run must at least execute. */
  readonly floor: number;
  /** Whether tests that were skipped and say why count toward the floor, as where Go or a server is missing. */
  readonly skipsCount: boolean;
}

/** What to print, and by `counts.failed` whether the run is green. */
export interface RunVerdict {
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Above this multiple of the floor the verdict asks to raise it. */
const STALE_FLOOR_RATIO = 1.25;

/**
 * Counts a run and finds what a green list of tests hides: tests that never finished, skips that give no
 * reason, and a complete run with fewer tests than the floor. Each such problem counts as failed.
 */
export function judgeRun(run: FinishedRun): RunVerdict {
  const problems: string[] = [];
  const notes: string[] = [];
  const of = (state: FinishedTest["state"]) => run.tests.filter((test) => test.state === state);
  const passed = of("passed").length;
  const skipped = of("skipped");
  const executed = passed + of("failed").length;

  for (const test of of("pending")) {
    problems.push(`never finished: ${test.name}`);
  }
  const silent = run.complete ? skipped.filter((test) => !test.skipReason?.trim()) : [];
  if (run.complete) {
    for (const test of silent) {
      problems.push(`skipped without a reason: ${test.name}; skip inside the test with ctx.skip("why")`);
    }
    const excused = run.skipsCount ? skipped.length - silent.length : 0;
    if (executed + excused < run.floor) {
      const skips = excused > 0 ? ` and ${excused} were skipped` : "";
      problems.push(
        `${executed} tests ran${skips}, at least ${run.floor} must: find out which are gone, or lower tooling/checks/test-floor.json on purpose`,
      );
    } else if (executed > run.floor * STALE_FLOOR_RATIO) {
      notes.push(
        `${executed} tests ran, the floor is ${run.floor}: raise it in tooling/checks/test-floor.json`,
      );
    }
  }
  const failed = of("failed").length + run.otherFailures + problems.length;
  return { counts: { passed, failed, skipped: skipped.length - silent.length }, problems, notes };
}

/** The last line of a run: `12 passed, 0 failed`, with `, 1 skipped` where something was. */
export function summaryLine({ passed, failed, skipped }: RunVerdict["counts"]): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
