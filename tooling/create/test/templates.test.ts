import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const templates = join(import.meta.dirname, "../templates");
const folders = (await readdir(templates)).filter((name) => name !== "every" && name !== "plugin");

// As they are, from the sources of this workspace; tooling/packed does the same with what is published.
test.each(folders)("the tests of the template %s pass", { timeout: 60_000 }, async (folder) => {
  const args = ["--conditions=@micro/source", "--test", "--test-reporter=tap", "src/**/*.test.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(templates, folder),
    timeout: 50_000,
    // vitest's own settings are not theirs.
    env: { PATH: process.env.PATH },
  });
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(2);
});
