import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { allLines, linesOf } from "./testing/lines.ts";
import { folder, open, warnings } from "./testing/open.ts";

const numbers = (lines: readonly Record<string, unknown>[]) => lines.map(({ message }) => Number(message));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("a full file is moved away, in the order of time, and no line is lost or cut", async () => {
  const path = await folder();
  const logger = await open({ file: join(path, "app.log"), fileMaxSize: 10_000, fileMaxFiles: 100 });
  for (const number of upTo(3000)) logger.info(String(number));
  await logger.end(5000);
  expect(numbers(await allLines(path, "app.log"))).toEqual(upTo(3000));
  const sizes = await Promise.all(
    (await readdir(path)).map(async (name) => (await stat(join(path, name))).size),
  );
  expect(sizes.length).toBeGreaterThan(10);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10_000);
});

test.each([1, 3])("%d files are kept, the newest lines in them", async (fileMaxFiles) => {
  const path = await folder();
  const logger = await open({ file: join(path, "app.log"), fileMaxSize: "2kB", fileMaxFiles });
  for (const number of upTo(500)) logger.info(String(number));
  await logger.end(5000);
  expect((await readdir(path)).sort()).toEqual(["app.log", "app.log.1", "app.log.2"].slice(0, fileMaxFiles));
  const kept = numbers(await allLines(path, "app.log"));
  expect(kept).toEqual(upTo(500).slice(-kept.length));
});

test("a file of an earlier run is continued, and its size counts", async () => {
  const path = await folder();
  const config = { file: join(path, "app.log"), fileMaxSize: 1000, timestamp: false };
  for (const message of ["0", "1"]) {
    const logger = await open(config);
    logger.info(message, { text: "x".repeat(400) });
    await logger.end(5000);
  }
  expect(await readdir(path)).toEqual(["app.log"]);
  const logger = await open(config);
  logger.info("2", { text: "x".repeat(400) });
  await logger.end(5000);
  expect(numbers(await linesOf(join(path, "app.log.1")))).toEqual([0, 1]);
  expect(numbers(await linesOf(join(path, "app.log")))).toEqual([2]);
});

test("a line larger than a file has a file for itself", async () => {
  const path = await folder();
  const logger = await open({ file: join(path, "app.log"), fileMaxSize: 1000 });
  for (const number of upTo(3)) logger.info(String(number), { text: "x".repeat(5000) });
  await logger.end(5000);
  expect((await readdir(path)).length).toBe(3);
  expect(numbers(await allLines(path, "app.log"))).toEqual(upTo(3));
});

test("several loggers on one file lose nothing while it is moved away under them", async () => {
  const path = await folder();
  const config = { file: join(path, "app.log"), fileMaxSize: "4kB", fileMaxFiles: 900 };
  const loggers = await Promise.all([open(config), open(config), open(config)]);
  for (const number of upTo(900)) {
    loggers[number % 3]?.info(String(number));
    if (number % 30 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(loggers.map((logger) => logger.end(5000)));
  expect(numbers(await allLines(path, "app.log")).sort((a, b) => a - b)).toEqual(upTo(900));
  expect((await readdir(path)).length).toBeGreaterThan(5);
});

test("a folder that disappears is made again", async () => {
  const path = join(await folder(), "deep", "logs");
  const seen = warnings();
  const logger = await open({ file: join(path, "app.log") });
  logger.info("0");
  await logger.flush();
  await rm(path, { recursive: true });
  logger.info("1");
  await logger.flush();
  expect(numbers(await linesOf(join(path, "app.log")))).toEqual([1]);
  expect(seen).toEqual([]);
});

test("a file that somebody else moved away is left to them", async () => {
  const path = await folder();
  const logger = await open({ file: join(path, "app.log") });
  logger.info("0");
  await logger.flush();
  await rename(join(path, "app.log"), join(path, "theirs"));
  logger.info("1");
  await logger.flush();
  expect(numbers(await linesOf(join(path, "theirs")))).toEqual([0]);
  expect(numbers(await linesOf(join(path, "app.log")))).toEqual([1]);
});

test("a file that cannot be written is told once, tried again, and says then how many lines were lost", async () => {
  const path = await folder();
  const seen = warnings();
  const file = join(path, "logs", "app.log");
  await writeFile(join(path, "logs"), "in the way");
  const logger = await open({ file });
  let lost = 0;
  for (; lost < 5; lost++) {
    logger.info("lost");
    await logger.flush();
  }
  await eventually(() => expect(seen).toHaveLength(1));
  expect(seen[0]?.message).toContain(`the log file ${file} cannot be written`);
  await rm(join(path, "logs"));
  await eventually(async () => {
    logger.info("back");
    await logger.flush();
    if (!existsSync(file)) lost++;
    expect(existsSync(file)).toBe(true);
  });
  await logger.flush();
  const lines = await linesOf(file);
  expect(lines[0]).toMatchObject({ message: "back" });
  expect(lines[1]).toMatchObject({
    level: "warn",
    message: expect.stringContaining("were lost"),
    lines: lost,
  });
  expect(seen).toHaveLength(1);
});

test("a full disk ends nothing", async (context) => {
  if (!existsSync("/dev/full")) return context.skip("this system has no device that is always full");
  const seen = warnings();
  const logger = await open({ file: "/dev/full" });
  for (const number of upTo(10)) {
    logger.info(String(number));
    await logger.flush();
  }
  await logger.end(5000);
  await eventually(() => {
    expect(seen.map(({ message }) => message)).toEqual([expect.stringContaining("ENOSPC")]);
  });
});

test("a file that cannot be moved away grows, told once; the lock of a dead process is taken away", async () => {
  const path = await folder();
  const seen = warnings();
  const file = join(path, "app.log");
  await mkdir(join(path, "app.log.1", "in the way"), { recursive: true });
  const logger = await open({ file, fileMaxSize: 200, fileMaxFiles: 2 });
  for (const number of upTo(50)) logger.info(String(number));
  await logger.flush();
  expect(numbers(await linesOf(file))).toEqual(upTo(50));
  expect(seen.map(({ message }) => message)).toEqual([expect.stringContaining("logger.file_max_size")]);

  await rm(join(path, "app.log.1"), { recursive: true });
  await mkdir(`${file}.lock`);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(`${file}.lock`, longAgo, longAgo);
  for (const number of [50, 51]) {
    logger.info(String(number));
    await logger.flush();
  }
  expect(numbers(await linesOf(file))).toEqual([51]);
  await expect(rmdir(`${file}.lock`)).rejects.toThrow("ENOENT");
});

test("lines after the stop are still written, and the file is given back", async () => {
  const file = join(await folder(), "app.log");
  const logger = await open({ file });
  const before = process.listenerCount("exit");
  logger.info("0");
  await logger.end(5000);
  logger.info("1");
  await logger.end(5000);
  expect(numbers(await linesOf(file))).toEqual([0, 1]);
  expect(process.listenerCount("exit")).toBe(before);
});
