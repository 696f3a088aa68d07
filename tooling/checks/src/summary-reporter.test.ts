import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const repository = resolve(import.meta.dirname, "../../..");
const files = {
  "good.test.ts": `import { test } from "vitest"; test("one", () => {}); test("two", (t) => t.skip("no server here"));`,
  "bad.test.ts": `import { test } from "vitest"; test("three", () => { throw new Error("no"); });`,
  "broken.test.ts": `import "./does-not-exist.ts";`,
  "silent.test.ts": `import { test } from "vitest"; test.skip("four", () => {}); test("five", () => {});`,
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-reporter-"));
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "src"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "src", name), text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** How vitest is run. */
interface RunOptions {
  /** @default none */
  readonly args?: readonly string[];
  /** @default false */
  readonly skipsCount?: boolean;
}

/** Runs vitest itself on the files of one glob and returns how it ended. */
async function runVitest(include: string, floor: number, { args = [], skipsCount = false }: RunOptions = {}) {
  const reporter = JSON.stringify(join(repository, "tooling/checks/src/summary-reporter.ts"));
  const floorFile = join(folder, "floor.json");
  await writeFile(floorFile, JSON.stringify({ tests: floor }));
  await writeFile(
    join(folder, "vitest.config.ts"),
    `import { SummaryReporter } from ${reporter};
     export default { test: { include: ["src/${include}"], isolate: false, cache: false,
       reporters: ["default", new SummaryReporter(${JSON.stringify({ floorFile, skipsCount })})] } };`,
  );
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  return await new Promise<{ code: number | string | undefined; lines: string[] }>((done) => {
    const child = execFile(
      process.execPath,
      [vitest, "run", "--root", folder, ...args],
      { cwd: folder, timeout: 30_000 },
      (error, stdout) =>
        done({ code: error === null ? 0 : (error.code ?? undefined), lines: stdout.trim().split("\n") }),
    );
    child.stdin?.end();
  });
}

test("a green run ends with the counts and exits 0", async () => {
  const { code, lines } = await runVitest("good.test.ts", 1);
  expect(lines.at(-1)).toBe("1 passed, 0 failed, 1 skipped");
  expect(code).toBe(0);
}, 30_000);

test("failed tests and files that do not load count as failed", async () => {
  const { code, lines } = await runVitest("{good,bad,broken}.test.ts", 1);
  expect(lines.at(-1)).toBe("1 passed, 2 failed, 1 skipped");
  expect(code).toBe(1);
}, 30_000);

test("a silent skip fails a run that vitest calls green", async () => {
  const { code, lines } = await runVitest("silent.test.ts", 0);
  expect(lines.join("\n")).toContain("skipped without a reason: src/silent.test.ts > four");
  expect(lines.at(-1)).toBe("1 passed, 1 failed");
  expect(code).toBe(1);
}, 30_000);

test("the floor binds a complete run and not a filtered one", async () => {
  const complete = await runVitest("good.test.ts", 5);
  expect(complete.lines.join("\n")).toContain("1 tests ran, at least 5 must");
  expect(complete.lines.at(-1)).toBe("1 passed, 1 failed, 1 skipped");
  expect(complete.code).toBe(1);
  const excused = await runVitest("good.test.ts", 2, { skipsCount: true });
  expect(excused.lines.at(-1)).toBe("1 passed, 0 failed, 1 skipped");
  expect(excused.code).toBe(0);
  const byName = await runVitest("good.test.ts", 5, { args: ["-t", "one"] });
  expect(byName.lines.at(-1)).toBe("1 passed, 0 failed, 1 skipped");
  expect(byName.code).toBe(0);
  const byFile = await runVitest("*.test.ts", 5, { args: ["good"] });
  expect(byFile.lines.at(-1)).toBe("1 passed, 0 failed, 1 skipped");
  expect(byFile.code).toBe(0);
}, 30_000);
