import { readFileSync } from "node:fs";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import { type FinishedTest, judgeRun, summaryLine } from "./run-verdict.ts";

/** Where the reporter finds what it checks against. */
export interface SummaryReporterOptions {
  /** A JSON file `{"tests": n}`: the least number of tests that a complete run executes. */
  readonly floorFile: string;
  /** Whether tests that were skipped and say why count toward it; in CI, which has all that tests need, they do not. */
  readonly skipsCount: boolean;
}

/**
 * A vitest reporter for the end of the list: prints problems that vitest does not see, and as the very last
 * line of the process `N passed, N failed[, N skipped]`, which the machines that run this project read.
 */
export class SummaryReporter implements Reporter {
  readonly #floor: number;
  readonly #skipsCount: boolean;
  #vitest: Vitest | undefined;

  constructor({ floorFile, skipsCount }: SummaryReporterOptions) {
    this.#floor = readFloor(floorFile);
    this.#skipsCount = skipsCount;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
    const verdict = judgeRun({
      tests: modules.flatMap(finishedTests),
      otherFailures: unhandledErrors.length + modules.filter(failedOutsideOfTests).length,
      complete: await isComplete(this.#vitest, modules),
      floor: this.#floor,
      skipsCount: this.#skipsCount,
    });
    const lines = [
      ...verdict.problems.map((problem) => `problem: ${problem}`),
      ...verdict.notes.map((note) => `note: ${note}`),
      summaryLine(verdict.counts),
    ];
    const finish = () => {
      process.stdout.write(`${lines.join("\n")}\n`);
      if (verdict.counts.failed > 0) process.exitCode = 1;
    };
    // Other reporters and vitest itself still print after this event; nothing prints after "exit".
    if (this.#vitest?.config.watch) finish();
    else process.once("exit", finish);
  }
}

function readFloor(file: string): number {
  const { tests } = JSON.parse(readFileSync(file, "utf8")) as { tests?: unknown };
  if (typeof tests !== "number" || !Number.isInteger(tests) || tests < 0) {
    throw new Error(`${file}: expected {"tests": <a whole number>}, got ${JSON.stringify(tests)}`);
  }
  return tests;
}

function finishedTests(module: TestModule): FinishedTest[] {
  return Array.from(module.children.allTests(), (test) => {
    const result = test.result();
    return {
      name: `${module.relativeModuleId} > ${test.fullName}`,
      state: result.state,
      skipReason: result.state === "skipped" ? result.note : undefined,
    };
  });
}

/** True if the file failed to load or a hook failed, and no failed test tells of it. */
function failedOutsideOfTests(module: TestModule): boolean {
  if (module.ok()) return false;
  return Array.from(module.children.allTests()).every((test) => test.result().state !== "failed");
}

/** True if nothing narrowed the run down: every test file of the configuration ran, with all its tests. */
async function isComplete(vitest: Vitest | undefined, modules: readonly TestModule[]): Promise<boolean> {
  if (vitest === undefined) return false;
  const { testNamePattern, cliExclude, bail, tagsFilter, cliOptions } = vitest.config;
  if (testNamePattern || bail || cliOptions.dir || cliExclude?.length || tagsFilter?.length) return false;
  const ran = new Set(modules.map((module) => module.moduleId));
  const all = await vitest.globTestSpecifications();
  return all.every((specification) => ran.has(specification.moduleId));
}
