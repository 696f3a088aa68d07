import { execFile } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, expect, test } from "vitest";

const repository = resolve(import.meta.dirname, "../../..");

/** One program that is nowhere, whatever this machine has, and one that is. */
const tests = (folder: string): string => `
  import { describe, expect, test } from "vitest";
  import { sharedServer, skipEach, whyNoServer } from ${JSON.stringify(join(import.meta.dirname, "vitest.ts"))};

  const NOWHERE = { program: "no-such-server", packages: ["some-package"], path: "usr/sbin/no-such-server",
    searchPath: [], cacheFolder: ${JSON.stringify(folder)} };
  const HERE = { ...NOWHERE, program: "node", searchPath: [${JSON.stringify(dirname(process.execPath))}] };
  let running = 0;
  async function start() {
    running++;
    return { [Symbol.asyncDispose]: async () => void running-- };
  }

  describe("shared and there", async () => {
    const server = await sharedServer(HERE, start);
    test("one", () => expect([server(), running]).toEqual([expect.anything(), 1]));
    test("two", () => expect([server(), running]).toEqual([expect.anything(), 1]));
  });
  describe("shared and missing", async () => {
    const server = await sharedServer(NOWHERE, start);
    test("three", () => void server());
  });
  const missing = await whyNoServer(NOWHERE);
  describe("own and missing", () => {
    skipEach(missing);
    test("four", start);
  });
  test("without a server", () => expect(running).toBe(0));`;

const config = `export default { test: { include: ["*.test.ts"], cache: false, reporters: [{
  onTestRunEnd(modules) {
    for (const module of modules) {
      for (const { message } of module.errors()) console.log(message);
      for (const test of module.children.allTests()) {
        const { state, note, errors } = test.result();
        console.log([test.fullName, state, note ?? errors?.[0]?.message].filter(Boolean).join(": "));
      }
    }
  } }] } };`;

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await symlink(join(repository, "node_modules"), join(folder.path, "node_modules"));
  await writeFile(join(folder.path, "servers.test.ts"), tests(folder.path));
  await writeFile(join(folder.path, "vitest.config.ts"), config);
});
afterAll(() => folder.remove());

/** Runs the tests where nothing can be fetched: there is no program on the PATH. */
function runTests(ci: string): Promise<{ readonly failed: boolean; readonly lines: readonly string[] }> {
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, PATH: folder.path, CI: ci };
  const options = { cwd: folder.path, env, timeout: 30_000 };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [vitest, "run", "--root", folder.path],
      options,
      (error, stdout) => done({ failed: error !== null, lines: stdout.trim().split("\n") }),
    );
    child.stdin?.end();
  });
}

const WHY =
  "no-such-server is not on the PATH and cannot be fetched: install it (on Debian and Ubuntu: apt-get install some-package)";

test("what needs a server that is missing is skipped and says how to get it; the rest runs", async () => {
  expect(await runTests("")).toEqual({
    failed: false,
    lines: [
      "shared and there > one: passed",
      "shared and there > two: passed",
      `shared and missing > three: skipped: ${WHY}`,
      `own and missing > four: skipped: ${WHY}`,
      "without a server: passed",
    ],
  });
}, 40_000);

test("in CI a server that is missing is a failure", async () => {
  const { failed, lines } = await runTests("true");
  expect(failed).toBe(true);
  expect(lines).toEqual([WHY]);
}, 40_000);
