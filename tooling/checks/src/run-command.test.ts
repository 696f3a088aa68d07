import { expect, test } from "vitest";
import { median } from "./import-time.ts";
import { mapConcurrently, mustRun, runCommand } from "./run-command.ts";

const cwd = import.meta.dirname;
const node = process.execPath;

test("a command hands back its exit code and both outputs", async () => {
  const result = await runCommand(node, ["-e", "console.log(1); console.error(2); process.exitCode = 3"], {
    cwd,
  });
  expect(result).toEqual({ status: 3, stdout: "1\n", stderr: "2\n" });
});

test("a command that outlives its time is killed", async () => {
  const { status } = await runCommand(node, ["-e", "setInterval(() => {}, 1000)"], { cwd, timeoutMs: 300 });
  expect(status).toBe("SIGKILL");
});

test("a command that must succeed tells what it printed", async () => {
  await expect(mustRun(node, ["-e", "console.log('why'); process.exitCode = 1"], { cwd })).rejects.toThrow(
    "why",
  );
  await expect(mustRun("no-such-command", [], { cwd })).rejects.toThrow("cannot run no-such-command");
});

test("tasks run a few at a time and keep their order", async () => {
  let running = 0;
  let most = 0;
  const doubled = await mapConcurrently([1, 2, 3, 4, 5], 2, async (value) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    return value * 2;
  });
  expect(doubled).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
});

test("the median is the value in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow("no values");
});
