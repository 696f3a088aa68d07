import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runChild } from "./testing/child.ts";
import { allLines, linesOf, parsed } from "./testing/lines.ts";
import { folder } from "./testing/open.ts";

const ENDS = {
  "process.exit": "process.exit(3)",
  "an uncaught error": "throw new Error('crash')",
  "an unhandled rejection":
    "Promise.reject(new Error('crash')); await new Promise((r) => setTimeout(r, 1000));",
  "running out": "",
} as const;

const numbers = (lines: readonly Record<string, unknown>[]) => lines.map(({ message }) => Number(message));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test.each(Object.entries(ENDS))(
  "%s loses no line on the console, in a file and in a given transport",
  async (_name, end) => {
    const path = await folder();
    const file = join(path, "app.log");
    const { child, exit } = runChild(
      `import { appendFileSync } from "node:fs";
     import Transport from "winston-transport";
     const own = new Transport({ log: (info, next) => {
       appendFileSync(${JSON.stringify(join(path, "own"))}, info[Symbol.for("message")] + "\\n"); next();
     } });
     const both = await instantiate(winstonLogger, { config: { file: ${JSON.stringify(file)}, transports: [own] } });
     for (let i = 0; i < 300; i++) both.info(String(i));
     ${end}`,
    );
    const [errors] = await Promise.all([text(child.stderr), exit]);
    expect(errors.match(/"message":"\d+"/g)).toHaveLength(300);
    expect(numbers(await linesOf(file))).toEqual(upTo(300));
    expect(numbers(await linesOf(join(path, "own")))).toEqual(upTo(300));
  },
);

test("lines under way to a file are kept too, in their order, at whatever step the process ends", async () => {
  for (const step of [0, 1, 2, 3, 5, 8]) {
    const path = await folder();
    const { exit } = runChild(
      `for (let i = 0; i < 200; i++) logger.info(String(i), { text: "x".repeat(1000) });
       const end = () => { for (let i = 200; i < 400; i++) logger.info(String(i)); process.exit(0); };
       let step = 0;
       const next = () => { if (step++ === ${step}) end(); else setImmediate(next); };
       next();`,
      { stream: "none", file: join(path, "app.log"), fileMaxSize: "100kB", fileMaxFiles: 50 },
    );
    expect(await exit).toBe(0);
    expect(numbers(await allLines(path, "app.log")), `step ${step}`).toEqual(upTo(400));
  }
});

test("a reader that goes away ends nothing, and the file goes on", async () => {
  const file = join(await folder(), "app.log");
  const { child, exit } = runChild(
    `process.stdin.once("data", async () => {
       for (let i = 0; i < 20; i++) { logger.info(String(i), { text: "x".repeat(10000) }); await new Promise((r) => setTimeout(r, 5)); }
       await logger.flush();
       await logger.stop({ graceMs: 1000 });
       process.stdout.write("alive");
       process.exit(0);
     });`,
    { file },
  );
  child.stderr.destroy();
  child.stdin.write("go");
  expect(await text(child.stdout)).toBe("alive");
  expect(await exit).toBe(0);
  expect(numbers(await linesOf(file))).toEqual(upTo(20));
});

test("a reader that does not read holds up neither the service nor the file; what it missed is told", async () => {
  const file = join(await folder(), "app.log");
  const { child, exit } = runChild(
    `for (let i = 0; i < 2000; i++) {
       logger.info(String(i), { text: "x".repeat(1000) });
       if (i % 20 === 0) await new Promise((r) => setTimeout(r, 1));
     }
     await logger.flush({ timeoutMs: 100 });
     process.stdout.write("ticked");
     process.stdin.once("data", async () => { await logger.flush({ timeoutMs: 5000 }); process.exit(0); });`,
    { file, buffer: "1MB" },
  );
  expect(String((await once(child.stdout, "data"))[0])).toBe("ticked");
  expect(numbers(await linesOf(file))).toEqual(upTo(2000));
  const errors = text(child.stderr);
  child.stdin.write("go");
  const lines = parsed(await errors);
  expect(await exit).toBe(0);
  const notices = lines.filter(({ lines: lost }) => lost !== undefined);
  const told = notices.reduce((sum, { lines: lost }) => sum + Number(lost), 0);
  expect(notices[0]?.message).toContain("logger.buffer");
  expect(lines.length - notices.length + told).toBe(2000);
});

test("can write to standard output alone", async () => {
  const { child, exit } = runChild(`logger.info("out")`, { stream: "stdout" });
  const [errors, output] = await Promise.all([text(child.stderr), text(child.stdout), exit]);
  expect(parsed(output)).toMatchObject([{ message: "out" }]);
  expect(errors).toBe("");
});
