import { describe, expect, test, vi } from "vitest";
import { loggerConformance } from "./conformance.ts";
import {
  createLogger,
  type LoggerOptions,
  type LogRecord,
  logger as loggerComponent,
  REDACTED,
} from "./index.ts";

function recorded(options: Partial<LoggerOptions> = {}) {
  const records: LogRecord[] = [];
  const logger = createLogger({
    level: "info",
    fields: {},
    redact: [],
    callerSkipCount: 0,
    write: (record) => void records.push(record),
    ...options,
  });
  return { logger, records };
}

describe("conformance", () => {
  const cases = loggerConformance({
    create: async (config) => {
      const { logger, records } = recorded(config);
      return { logger, lines: () => records, close: () => undefined };
    },
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

test("the component's list of redacted names covers the usual ones in every spelling", () => {
  const { logger, records } = recorded({ redact: loggerComponent.config.redact.default ?? [] });
  logger.info("x", { Authorization: "a", PRIVATE_KEY: "b", privateKey: "c", Token: "d", tokens: 5 });
  expect(records[0]?.fields).toEqual({
    Authorization: REDACTED,
    PRIVATE_KEY: REDACTED,
    privateKey: REDACTED,
    Token: REDACTED,
    tokens: 5,
  });
});

test("the same object twice is written twice: only a circle is cut", () => {
  const { logger, records } = recorded();
  const shared = { a: 1 };
  const circle: { inner?: unknown } = {};
  circle.inner = { circle };
  logger.info("x", { one: shared, two: shared, circle });
  expect(records[0]?.fields).toEqual({
    one: shared,
    two: shared,
    circle: { inner: { circle: "[circular]" } },
  });
});

test("limits are named where they cut", () => {
  const { logger, records } = recorded({ limits: { depth: 2, values: 6, text: 5, line: 60 } });
  logger.info("too long", { a: { b: { c: {} } }, list: [1, 2, 3] });
  logger.info("x", Object.fromEntries([1, 2, 3, 4, 5, 6].map((id) => [`${id}`, "12345678"])));
  expect(records[0]).toMatchObject({
    message: "too l… (3 more)",
    fields: { a: { b: { c: "[too deep]" } }, list: [1, 2, "[1 more]"] },
  });
  expect(Object.values(records[1]?.fields ?? {}).at(-1)).toBe("… (8 more)");
});

test("an own key __proto__ changes no prototype", () => {
  const { logger, records } = recorded();
  logger.info("x", JSON.parse('{"a":{"__proto__":{"polluted":true}}}'));
  const a = records[0]?.fields.a as Record<string, unknown>;
  expect(Object.getPrototypeOf(a)).toBe(Object.prototype);
  expect(a.polluted).toBeUndefined();
});

describe("what no type checker has seen is logged all the same", () => {
  // The types forbid all of it; JavaScript and `any` do not.
  const loose = (options?: Partial<LoggerOptions>) => {
    const { logger, records } = recorded(options);
    return { logger: logger as unknown as Record<"info" | "child", (...given: unknown[]) => never>, records };
  };

  test("in place of fields: an error under its name, anything else as a value", () => {
    const { logger, records } = loose({ fields: { app: "x" } });
    logger.info("error", Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    for (const given of [null, "text", 5, [1], new Map([["a", 1]])]) logger.info("other", given);
    logger.child(null);
    expect(records[0]?.fields).toMatchObject({
      app: "x",
      error: { message: "refused", code: "ECONNREFUSED", stack: expect.stringContaining("refused") },
    });
    expect(records.slice(1).map(({ fields }) => fields)).toEqual([
      { app: "x" },
      { app: "x", value: "text" },
      { app: "x", value: 5 },
      { app: "x", value: [1] },
      { app: "x", value: { a: 1 } },
    ]);
  });

  test("in place of a message: an error as one, secrets redacted", () => {
    const { logger, records } = loose({ redact: ["password"] });
    logger.info(new Error("refused"), { port: 1 });
    logger.info({ password: "secret" });
    for (const given of [undefined, null, 5, Symbol("s")]) logger.info(given);
    expect(records[0]).toMatchObject({
      message: "refused",
      fields: { port: 1, error: { message: "refused", stack: expect.stringContaining("refused") } },
    });
    expect(records[1]).toMatchObject({
      message: "[the message is an object]",
      fields: { value: { password: REDACTED } },
    });
    expect(records.slice(2).map(({ message }) => message)).toEqual(["undefined", "null", "5", "Symbol(s)"]);
  });

  test("objects that throw when they are looked at are named", () => {
    const { logger, records } = loose();
    const trap = (): never => {
      throw new Error("do not look");
    };
    const hostile = new Proxy({}, { ownKeys: trap, getPrototypeOf: trap, has: trap, get: trap });
    logger.info("fields", hostile);
    logger.info(hostile);
    expect(records[0]?.fields).toEqual({ value: "[unreadable: do not look]" });
    expect(records[1]?.message).toBe("[the message could not be made: do not look]");
  });
});

test("what is logged is what the value was at that moment", () => {
  const { logger, records } = recorded();
  const value = { n: 1 };
  const child = logger.child({ value });
  logger.info("x", { value });
  value.n = 2;
  child.info("y");
  expect(records.map(({ fields }) => fields)).toEqual([{ value: { n: 1 } }, { value: { n: 1 } }]);
});

test("a sink that throws does not reach the caller and is reported once", () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  try {
    const { logger } = recorded({
      write: () => {
        throw new Error("sink is gone");
      },
    });
    logger.info("one");
    logger.info("two");
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning.mock.calls[0]?.[0]).toContain("sink is gone");
  } finally {
    emitWarning.mockRestore();
  }
});

test("flush hands its deadline to the sink", async () => {
  const flush = vi.fn(() => Promise.resolve());
  const { logger } = recorded({ flush });
  await logger.flush();
  await logger.child({}).flush({ timeoutMs: 5 });
  await logger.flush({ timeoutMs: Number.POSITIVE_INFINITY });
  const longestTimer = { timeoutMs: 2 ** 31 - 1 };
  expect(flush.mock.calls).toEqual([[{ timeoutMs: 1000 }], [{ timeoutMs: 5 }], [longestTimer]]);
});
