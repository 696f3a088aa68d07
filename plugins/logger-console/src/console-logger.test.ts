import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { OptionsInput } from "@micro/core";
import { instantiate, within } from "@micro/core/conformance";
import type { logger } from "@micro/logger";
import { loggerConformance } from "@micro/logger/conformance";
import { describe, expect, test } from "vitest";
import { consoleLogger } from "./index.ts";

type Config = OptionsInput<(typeof logger)["config"]> & OptionsInput<(typeof consoleLogger)["config"]>;

const parsed = (output: string): Record<string, unknown>[] =>
  output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** A stream that keeps what it is given. */
function collector(extra: { readonly isTTY?: boolean } = {}) {
  const chunks: string[] = [];
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk));
        setImmediate(done);
      },
    }),
    extra,
  );
  return { stream, output: () => chunks.join(""), chunks };
}

async function logged(
  config: Config,
  use: (logger: Awaited<ReturnType<typeof open>>) => void,
  isTTY?: boolean,
) {
  const { stream, output } = collector(isTTY === undefined ? {} : { isTTY });
  const logger = await open({ ...config, destination: stream });
  use(logger);
  await logger.flush();
  await logger.stop?.({ graceMs: 1000 });
  return output();
}

const open = async (config: Config) => {
  const made = await instantiate(consoleLogger, { config });
  return made as typeof made & { stop?(options: { readonly graceMs: number }): Promise<void> };
};

describe("conformance", () => {
  const cases = loggerConformance({
    create: async (config) => {
      const { stream, output } = collector();
      const logger = await open({ ...config, destination: stream });
      return {
        logger,
        lines: () =>
          parsed(output()).map(({ time: _time, level, message, caller, ...fields }) => ({
            level: String(level),
            message: String(message),
            fields,
            ...(typeof caller === "string" ? { caller } : {}),
          })),
        close: () => logger.stop?.({ graceMs: 1000 }),
      };
    },
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("json", () => {
  test("is the form when piped: one object per line, in stable order", async () => {
    const before = Date.now();
    const output = await logged({ fields: { app: "shop" } }, (logger) => logger.warn("careful", { id: 7 }));
    const [line] = parsed(output);
    expect(Object.keys(line ?? {})).toEqual(["time", "level", "message", "app", "id"]);
    expect(Date.parse(String(line?.time))).toBeGreaterThanOrEqual(before);
  });

  test("renames fields that are named as its own parts", async () => {
    const output = await logged({ timestamp: false }, (logger) =>
      logger.info("m", { level: "l", time: "t" }),
    );
    expect(output).toBe('{"level":"info","message":"m","level_":"l","time_":"t"}\n');
  });

  test("is the form on a terminal too when asked for", async () => {
    expect(parsed(await logged({ format: "json" }, (logger) => logger.info("x"), true))).toHaveLength(1);
  });
});

describe("pretty", () => {
  const withEnv = async (env: Record<string, string | undefined>, run: () => Promise<void>) => {
    const before = Object.fromEntries(Object.keys(env).map((key) => [key, process.env[key]]));
    const set = (values: Record<string, string | undefined>) => {
      for (const [key, value] of Object.entries(values)) {
        if (value === undefined) delete process.env[key];
        else process.env[key] = value;
      }
    };
    set(env);
    try {
      await run();
    } finally {
      set(before);
    }
  };

  test("is the form on a terminal, with colours", () =>
    withEnv({ NO_COLOR: undefined, TERM: "xterm" }, async () => {
      const output = await logged({}, (logger) => logger.info("hello", { port: 80 }), true);
      expect(output).toContain("\u001b[32mINFO \u001b[0m hello");
    }));

  test.each([{ NO_COLOR: "1" }, { NO_COLOR: undefined, TERM: "dumb" }])("has no colours with %o", (env) =>
    withEnv(env, async () => {
      const output = await logged({ timestamp: false }, (logger) => logger.info("hello", { port: 80 }), true);
      expect(output).toBe("INFO  hello port=80\n");
    }),
  );

  test("has no colours when piped", async () => {
    const output = await logged({ format: "pretty" }, (logger) => logger.info("hello"));
    expect(output).toMatch(/^\d\d:\d\d:\d\d\.\d\d\d INFO {2}hello\n$/);
  });

  test("writes an error with stack and causes below its line", async () => {
    const output = await logged({ format: "pretty", timestamp: false }, (logger) => {
      const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
      logger.error("call failed", { error: new TypeError("outer", { cause }), node: "a b" });
    });
    const [first, ...below] = output.split("\n");
    expect(first).toBe('ERROR call failed node="a b"');
    expect(below.join("\n")).toMatch(
      /^ {4}error: TypeError: outer\n {10}at [\s\S]*\n {6}cause: Error: refused\n[\s\S]* {8}code=ECONNREFUSED\n$/,
    );
  });

  test("lets no text fake a line or command the terminal", async () => {
    const output = await logged({ format: "pretty", timestamp: false }, (logger) =>
      logger.info("one\nERROR fake\u001b[2J", { key: "a\nERROR fake", "k\u009bx": "\u001b]0;t\u0007" }),
    );
    expect(output).not.toMatch(/^ERROR/m);
    expect(output).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe("writing", () => {
  test("lines of one tick go out together", async () => {
    const { stream, chunks } = collector();
    const logger = await open({ destination: stream });
    for (let line = 0; line < 100; line++) logger.info("x");
    expect(chunks).toHaveLength(0);
    await logger.flush();
    expect(chunks).toHaveLength(1);
    await logger.stop?.({ graceMs: 100 });
  });

  test("a reader that does not read costs no more than the buffer; drops are counted and reported", async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const logger = await open({ destination: stream, buffer: "10kB", timestamp: false });
    logger.info("first");
    await new Promise((resolve) => setImmediate(resolve));
    for (let line = 0; line < 10_000; line++) logger.info(`line ${line}`);
    const started = performance.now();
    await logger.flush({ timeoutMs: 20 });
    expect(performance.now() - started).toBeLessThan(5000);
    const lines = parsed(await readUntilIdle(stream, () => logger.flush()));
    const notice = lines.find(({ lines: dropped }) => dropped !== undefined);
    expect(notice).toMatchObject({ level: "warn", message: expect.stringContaining("logger.buffer") });
    expect(lines.length - 2 + Number(notice?.lines)).toBe(10_000);
    expect(lines.length).toBeLessThan(400);
    await logger.stop?.({ graceMs: 100 });
  });

  test("a stream that fails ends no process: lines are lost, flush and stop still resolve", async () => {
    for (const fail of [
      (stream: Writable) => stream.destroy(new Error("gone")),
      (stream: Writable) => stream.destroy(),
      (stream: Writable) => stream.end(),
    ]) {
      const { stream } = collector();
      const logger = await open({ destination: stream });
      logger.info("one");
      fail(stream);
      logger.info("two");
      await within("flush", logger.flush());
      logger.info("three");
      await within("stop", logger.stop?.({ graceMs: 1000 }) ?? Promise.resolve());
    }
  });

  test("a write error is survived", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const logger = await open({ destination: stream });
    logger.info("one");
    await within("flush", logger.flush());
    logger.info("two");
    await within("stop", logger.stop?.({ graceMs: 1000 }) ?? Promise.resolve());
  });

  test("fifty loggers on one stream leave no listener and no warning behind", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on("warning", onWarning);
    try {
      const { stream, output } = collector();
      const before = [process.listenerCount("exit"), process.getMaxListeners(), stream.getMaxListeners()];
      const loggers = await Promise.all(Array.from({ length: 50 }, () => open({ destination: stream })));
      for (const logger of loggers) logger.info("x");
      expect(process.listenerCount("exit")).toBe((before[0] ?? 0) + 50);
      await Promise.all(loggers.map(async (logger) => logger.stop?.({ graceMs: 1000 })));
      await new Promise((resolve) => setImmediate(resolve));
      expect(parsed(output())).toHaveLength(50);
      expect([process.listenerCount("exit"), process.getMaxListeners(), stream.getMaxListeners()]).toEqual(
        before,
      );
      expect(stream.listenerCount("error")).toBe(0);
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", onWarning);
    }
  });

  test("lines after stop are still written", async () => {
    const { stream, output } = collector();
    const logger = await open({ destination: stream });
    await logger.stop?.({ graceMs: 100 });
    logger.info("late");
    await logger.flush();
    expect(parsed(output())).toMatchObject([{ message: "late" }]);
    expect(stream.listenerCount("error")).toBe(0);
  });
});

describe("in a process of its own", () => {
  test("lines reach standard error though the process ends at once", async () => {
    for (const end of ["process.exit(3)", "throw new Error('crash')", ""]) {
      const { child, exit } = run(`for (let i = 0; i < 100; i++) logger.info("line " + i); ${end}`);
      const [errors, output] = await Promise.all([text(child.stderr), text(child.stdout), exit]);
      expect(errors.match(/"message":"line \d+"/g)).toHaveLength(100);
      expect(output).toBe("");
    }
  });

  test("can write to standard output", async () => {
    const { child, exit } = run(`logger.info("out")`, { stream: "stdout" });
    const [errors, output] = await Promise.all([text(child.stderr), text(child.stdout), exit]);
    expect(parsed(output)).toMatchObject([{ message: "out" }]);
    expect(errors).toBe("");
  });

  test("a reader that goes away ends nothing", async () => {
    const { child, exit } = run(`
      process.stdin.once("data", async () => {
        for (let i = 0; i < 20; i++) { logger.info("x".repeat(10000)); await new Promise((r) => setTimeout(r, 5)); }
        await logger.flush();
        await logger.stop({ graceMs: 1000 });
        process.stdout.write("alive");
        process.exit(0);
      });`);
    child.stderr.destroy();
    child.stdin.write("go");
    expect(await text(child.stdout)).toBe("alive");
    expect(await exit).toBe(0);
  });

  test("a reader that does not read stops nothing", async () => {
    const { child, exit } = run(
      `
      const started = performance.now();
      for (let i = 0; i < 20; i++) {
        for (let j = 0; j < 200; j++) logger.info("x".repeat(1000));
        await new Promise((r) => setImmediate(r));
      }
      process.stdout.write("ticked");
      process.stdin.once("data", async () => { await logger.flush({ timeoutMs: 5000 }); process.exit(0); });`,
      { buffer: "100kB" },
    );
    expect(String((await once(child.stdout, "data"))[0])).toBe("ticked");
    const errors = text(child.stderr);
    child.stdin.write("go");
    expect(await errors).toContain("logger.buffer");
    expect(await exit).toBe(0);
  });
});

/** Runs `code` with a `logger` on the real standard error. */
function run(code: string, config: Config = {}) {
  const child = spawn(
    process.execPath,
    [
      "--conditions=@micro/source",
      "--input-type=module",
      "--eval",
      `import { instantiate } from "@micro/core/conformance";
       import { consoleLogger } from "./src/index.ts";
       const logger = await instantiate(consoleLogger, { config: ${JSON.stringify(config)} });
       ${code}`,
    ],
    { cwd: fileURLToPath(new URL("..", import.meta.url)), stdio: ["pipe", "pipe", "pipe"], timeout: 10_000 },
  );
  const exit = once(child, "close").then(([status]) => status as number | null);
  return { child, exit };
}

/** Reads the stream while `work` is under way. */
async function readUntilIdle(stream: PassThrough, work: () => Promise<void>): Promise<string> {
  let output = "";
  stream.on("data", (chunk) => {
    output += chunk;
  });
  await work();
  await work();
  return output;
}
