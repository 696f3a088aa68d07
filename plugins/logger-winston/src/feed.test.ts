import { join } from "node:path";
import { Writable } from "node:stream";
import { eventually, within } from "@micro/core/conformance";
import { describe, expect, test, vi } from "vitest";
import { createLogger, format, transports } from "winston";
import Transport from "winston-transport";
import { linesOf } from "./testing/lines.ts";
import { folder, open, warnings } from "./testing/open.ts";

type Next = (error?: Error) => void;

/** A transport that is done with a line when `onLine` says so. */
function transport(onLine: (message: string, next: Next) => void, level?: string) {
  const log = (info: { readonly message: unknown }, next: Next) => onLine(String(info.message), next);
  return new Transport({ log: log as never, ...(level === undefined ? {} : { level }) });
}

/** A transport that takes lines only once it is let. */
function heldTransport() {
  const messages: string[] = [];
  const held: Next[] = [];
  let isOpen = false;
  const made = transport((message, next) => {
    messages.push(message);
    if (isOpen) next();
    else held.push(next);
  });
  const release = () => {
    isOpen = true;
    for (const next of held.splice(0)) next();
  };
  return { transport: made, messages, release };
}

const NOTICE = expect.stringContaining("log lines were lost");

test("a transport that is stuck gathers nobody whose time to wait is over", async () => {
  const held = heldTransport();
  const logger = await open({ transports: [held.transport], timestamp: false });
  logger.info("line");
  for (let times = 0; times < 20; times++) await logger.flush({ timeoutMs: 1 });
  const patient = logger.flush({ timeoutMs: 60_000 });
  const clear = vi.spyOn(globalThis, "clearTimeout");
  try {
    held.release();
    await patient;
    expect(clear.mock.calls.length).toBeLessThan(5);
  } finally {
    clear.mockRestore();
  }
});

test("a transport that is stuck holds up neither the file nor the service; lines are dropped, counted and told", async () => {
  const seen = warnings();
  const held = heldTransport();
  const file = join(await folder(), "app.log");
  const infos: Record<string, unknown>[] = [];
  const counting = transport((_message, next) => next());
  counting.log = (info: Record<string, unknown>, next: Next) => {
    infos.push(info);
    next();
  };
  const logger = await open({
    file,
    transports: [held.transport, counting],
    buffer: "20kB",
    timestamp: false,
  });
  for (let round = 0; round < 100; round++) {
    for (let line = 0; line < 20; line++) logger.info("line");
    // The file keeps pace with that, the one that is stuck does not.
    await logger.flush({ timeoutMs: 10 });
  }
  const started = performance.now();
  await logger.flush({ timeoutMs: 50 });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await linesOf(file)).toHaveLength(2000);
  expect(infos).toHaveLength(2000);
  expect(held.messages).toEqual(["line"]);
  expect(seen.map(({ message }) => message)).toEqual([
    expect.stringContaining("is too slow for logger.buffer"),
  ]);
  held.release();
  await logger.flush();
  const notices = held.messages.filter((message) => message !== "line");
  expect(notices).toEqual([NOTICE]);
  expect(held.messages.length).toBeGreaterThan(300);
  expect(held.messages.length).toBeLessThan(700);
});

test("a transport that fails is told once, its lost lines are counted once it works again", async () => {
  const seen = warnings();
  const infos: Record<string, unknown>[] = [];
  let isOut = true;
  const failing = new Transport({
    log: ((info: Record<string, unknown>, next: Next) => {
      if (!isOut) infos.push(info);
      next(isOut ? new Error("no network") : undefined);
    }) as never,
  });
  const logger = await open({ transports: [failing] });
  for (let line = 0; line < 7; line++) logger.info("lost");
  await logger.flush();
  isOut = false;
  logger.info("back");
  await logger.flush();
  expect(infos).toMatchObject([{ message: "back" }, { message: NOTICE, level: "warn", lines: 7 }]);
  await eventually(() => {
    expect(seen.map(({ message }) => message)).toEqual([expect.stringContaining("no network")]);
  });
});

describe("ends nothing and holds up nobody:", () => {
  const ways: Readonly<Record<string, () => Transport>> = {
    "a transport that throws": () =>
      transport(() => {
        throw new Error("broken");
      }),
    "a transport that emits errors": () => {
      const made = transport((_message, next) => {
        made.emit("error", new Error("broken"));
        next();
      });
      return made;
    },
    "a transport that was ended": () => {
      const made = transport((_message, next) => next());
      made.end();
      return made;
    },
    "a transport that was destroyed": () => {
      const made = transport((_message, next) => next());
      made.destroy();
      return made;
    },
  };
  test.each(Object.entries(ways))("%s", async (_name, make) => {
    const seen = warnings();
    const file = join(await folder(), "app.log");
    const logger = await open({ file, transports: [make(), make] });
    for (let line = 0; line < 10; line++) logger.info("line");
    await within("flush", logger.flush());
    logger.info("last");
    await within("stop", logger.end());
    expect(await linesOf(file)).toHaveLength(11);
    await eventually(() => expect(seen.length).toBeGreaterThan(0));
    expect(seen.length).toBeLessThanOrEqual(2);
  });
});

test("what a function makes is ended at the stop, with all lines written; what is given is left alone", async () => {
  const path = await folder();
  const given = transport((_message, next) => setImmediate(next));
  const filename = join(path, "own.log");
  const logger = await open({ transports: [given, () => new transports.File({ filename })] });
  for (let line = 0; line < 1000; line++) logger.info(`line ${line}`);
  await logger.end(5000);
  expect(await linesOf(filename)).toHaveLength(1000);
  expect(given.writable).toBe(true);
  expect(given.listenerCount("error")).toBe(0);
});

test("a transport keeps its own level, of ours or of winston's", async () => {
  const messages = (list: string[]) => (message: string, next: Next) => {
    list.push(message);
    next();
  };
  const ours: string[] = [];
  const npm: string[] = [];
  const shared: string[] = [];
  const sharedTransport = transport(messages(shared));
  createLogger({ transports: [sharedTransport] });
  const logger = await open({
    level: "trace",
    transports: [transport(messages(ours), "warn"), transport(messages(npm), "verbose"), sharedTransport],
  });
  const all = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
  for (const level of all) logger[level](level);
  await logger.flush();
  expect(ours).toEqual(["warn", "error", "fatal"]);
  expect(npm).toEqual(["info", "warn", "error", "fatal"]);
  // Its first owner lets pass what weighs at least 'info'.
  expect(shared).toEqual(["info", "warn", "error", "fatal"]);
});

test("a given winston logger has its own levels, meta and level; it is not ended", async () => {
  const infos: Record<string, unknown>[] = [];
  const collecting = new Transport({
    log: (info: Record<string, unknown>, next: () => void) => {
      infos.push(info);
      next();
    },
  });
  const defaultMeta = { app: "shop" };
  const winston = createLogger({ level: "silly", defaultMeta, transports: [collecting] });
  const logger = await open({ winston, level: "trace" });
  for (const level of ["trace", "debug", "info", "warn", "error", "fatal"] as const) logger[level]("x");
  await logger.end();
  expect(infos.map(({ level }) => level)).toEqual(["silly", "debug", "info", "warn", "error", "error"]);
  expect(infos.every(({ app }) => app === "shop")).toBe(true);
  expect(winston.writable).toBe(true);
});

test("a winston logger that a function makes is ended at the stop, with all lines written", async () => {
  const filename = join(await folder(), "own.log");
  const made = createLogger({ transports: [new transports.File({ filename })] });
  const logger = await open({ winston: () => made });
  for (let line = 0; line < 1000; line++) logger.info(`line ${line}`);
  await logger.end(5000);
  expect(await linesOf(filename)).toHaveLength(1000);
  expect(made.writable).toBe(false);
  await expect(open({ winston: (() => 1) as never })).rejects.toThrow(/no logger of winston/);
});

test("a format of a given logger that throws loses only its line", async () => {
  const infos: Record<string, unknown>[] = [];
  const collecting = new Transport({
    log: (info: Record<string, unknown>, next: () => void) => {
      infos.push(info);
      next();
    },
  });
  const breaking = format((info) => {
    if (info.message === "broken") throw new Error("broken format");
    return info;
  });
  const logger = await open({ winston: createLogger({ format: breaking(), transports: [collecting] }) });
  for (const message of ["one", "broken", "two"]) logger.info(message);
  await within("flush", logger.flush());
  expect(infos).toMatchObject([{ message: "one" }, { message: "two" }, { message: NOTICE, lines: 1 }]);
});

test("a formatter that throws at the notice of drops ends nothing", async () => {
  const file = join(await folder(), "app.log");
  const formatter = format.combine(
    format((info) => {
      if (info.level === "warn") throw new Error("broken format");
      return info;
    })(),
    format.json(),
  );
  const logger = await open({ file, formatter, buffer: 1000 });
  for (let line = 0; line < 100; line++) logger.info("line");
  await logger.end();
  const lines = await linesOf(file);
  expect(lines.at(-1)).toMatchObject({ level: "warn", message: NOTICE });
  expect(lines.length - 1 + Number(lines.at(-1)?.lines)).toBe(100);
});

test("fifty loggers on one transport leave no listener and no warning behind", async () => {
  const seen = warnings();
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const shared = new transports.Stream({ stream });
  const before = [process.listenerCount("exit"), process.getMaxListeners(), shared.getMaxListeners()];
  const loggers = await Promise.all(Array.from({ length: 50 }, () => open({ transports: [shared] })));
  for (const logger of loggers) logger.info("x");
  await Promise.all(loggers.map((logger) => logger.end()));
  expect([process.listenerCount("exit"), process.getMaxListeners(), shared.getMaxListeners()]).toEqual(
    before,
  );
  expect(shared.listenerCount("error")).toBe(0);
  expect(seen).toEqual([]);
});
