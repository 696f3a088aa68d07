import assert from "node:assert/strict";
import { LOG_LEVELS, type Logger, type LogLevel, MicroError } from "@micro/core";
import type { ConformanceCase } from "@micro/core/conformance";

export type { ConformanceCase } from "@micro/core/conformance";

/** A line as it was written, read back. */
export interface WrittenLine {
  readonly level: string;
  readonly message: string;
  /** In the order they were written. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `folder/file.ts:12`. */
  readonly caller?: string;
}

/** A logger and what it wrote. */
export interface LoggerUnderTest {
  readonly logger: Logger;
  /** Everything written so far; called after `flush`. */
  readonly lines: () => Promise<readonly WrittenLine[]> | readonly WrittenLine[];
  readonly close: () => Promise<void> | void;
}

/** What {@link loggerConformance} is run on. */
export interface LoggerHarness {
  /** A logger with these options of the component. */
  create(config: {
    readonly level?: LogLevel;
    readonly fields?: Readonly<Record<string, string>>;
    readonly redact?: readonly string[];
    readonly callerSkipCount?: number;
  }): Promise<LoggerUnderTest>;
}

type Config = Parameters<LoggerHarness["create"]>[0];
const LEVELS = Object.keys(LOG_LEVELS) as LogLevel[];

/** The promises of a {@link Logger}; run every case with any test runner. */
export function loggerConformance(harness: LoggerHarness): readonly ConformanceCase[] {
  const logged = async (config: Config, use: (logger: Logger) => void): Promise<readonly WrittenLine[]> => {
    const { logger, lines, close } = await harness.create(config);
    try {
      use(logger);
      await logger.flush({ timeoutMs: 5000 });
      return await lines();
    } finally {
      await close();
    }
  };
  const one = async (config: Config, use: (logger: Logger) => void): Promise<WrittenLine> => {
    const [line, ...others] = await logged(config, use);
    assert.ok(line !== undefined && others.length === 0, "one line is written");
    return line;
  };
  const promise = (name: string, run: () => Promise<void>): ConformanceCase => ({ name, run });

  return [
    promise("writes its level and what weighs more, and nothing below", async () => {
      for (const level of LEVELS) {
        const lines = await logged({ level }, (logger) => {
          assert.equal(logger.level, level);
          for (const other of LEVELS) {
            assert.equal(logger.isEnabled(other), LOG_LEVELS[other] >= LOG_LEVELS[level]);
            logger[other](`by method ${other}`);
            logger.log(other, `by log ${other}`);
          }
        });
        const expected = LEVELS.filter((other) => LOG_LEVELS[other] >= LOG_LEVELS[level]);
        assert.deepEqual(
          lines.map(({ level: written, message }) => `${written}: ${message}`),
          expected.flatMap((other) => [`${other}: by method ${other}`, `${other}: by log ${other}`]),
        );
      }
    }),
    promise("makes a lazy message once when it is written, and never when it is not", async () => {
      let made = 0;
      const message = () => `made ${++made}`;
      const line = await one({ level: "info" }, (logger) => {
        logger.debug(message);
        logger.info(message);
      });
      assert.equal(line.message, "made 1");
      assert.equal(made, 1);
    }),
    promise("keeps the order of lines and of fields; the later value of a field wins", async () => {
      const lines = await logged({ fields: { zone: "a", app: "x" } }, (logger) => {
        const child = logger.child({ component: "broker", app: "y" });
        child.info("first", { id: 1, zone: "b" });
        child.child({ deep: true }).info("second");
        logger.info("third");
      });
      assert.deepEqual(
        lines.map(({ message }) => message),
        ["first", "second", "third"],
      );
      assert.deepEqual(
        lines.map(({ fields }) => Object.entries(fields)),
        [
          [
            ["zone", "b"],
            ["app", "y"],
            ["component", "broker"],
            ["id", 1],
          ],
          [
            ["zone", "a"],
            ["app", "y"],
            ["component", "broker"],
            ["deep", true],
          ],
          [
            ["zone", "a"],
            ["app", "x"],
          ],
        ],
      );
    }),
    promise("children share level and redaction", async () => {
      const line = await one({ level: "warn", redact: ["pin"] }, (logger) => {
        const child = logger.child({ pin: "1234", user: "u" });
        assert.equal(child.level, "warn");
        child.info("no");
        child.warn("yes");
      });
      assert.equal(line.fields.user, "u");
      assert.ok(!JSON.stringify(line).includes("1234"));
    }),
    promise("writes no value of a redacted field, in any depth, case and kind", async () => {
      const secret = "s3cr3t-value";
      const line = await one(
        { redact: ["password", "private_key"], fields: { password: secret } },
        (logger) => {
          const error = Object.assign(new Error("failed"), { request: { headers: [{ PASSWORD: secret }] } });
          logger.info("x", {
            user: "u",
            Password: secret,
            privateKey: { inner: secret },
            dbPassword: secret,
            RSA_PRIVATE_KEY: secret,
            passwordLength: 12,
            list: [{ "Private-Key": [secret] }],
            map: new Map([["passWord", secret]]),
            own: { toJSON: () => ({ password: secret }) },
            error: new Error("outer", { cause: error }),
          });
        },
      );
      assert.equal(line.fields.user, "u");
      assert.equal(line.fields.passwordLength, 12);
      assert.ok(!JSON.stringify(line).includes(secret), JSON.stringify(line));
    }),
    promise("writes an error with message, stack and causes", async () => {
      const root = new MicroError({ code: "NOT_FOUND", id: "greeter", detail: "no such thing" });
      const line = await one({}, (logger) =>
        logger.error("call failed", {
          error: new TypeError("outer", { cause: new AggregateError([root], "several") }),
        }),
      );
      const text = JSON.stringify(line.fields.error);
      for (const part of ["TypeError", "outer", "several", "no such thing", "NOT_FOUND", "conformance"]) {
        assert.ok(text.includes(part), `the error names '${part}': ${text}`);
      }
    }),
    promise("writes values of every kind without throwing", async () => {
      const circle: Record<string, unknown> = { name: "c" };
      circle.self = circle;
      const deep = Array.from({ length: 10_000 }).reduce<unknown>((inner) => ({ inner }), "end");
      const line = await one({}, (logger) =>
        logger.info("kinds", {
          circle,
          deep,
          big: 12_345_678_901_234_567_890n,
          symbol: Symbol("s"),
          function: () => 1,
          date: new Date(Number.NaN),
          bytes: new Uint8Array(1_000_000),
          set: new Set([1]),
          bare: Object.assign(Object.create(null), { a: 1 }),
          get thrower() {
            throw new Error("getter");
          },
          proxy: new Proxy({}, { ownKeys: () => assert.fail("proxy") }),
          json: { toJSON: () => assert.fail("toJSON") },
          nan: Number.NaN,
          nothing: null,
          last: "still there",
        }),
      );
      assert.equal(line.fields.last, "still there");
      assert.equal(line.fields.nothing, null);
      assert.ok(String(line.fields.big).includes("12345678901234567890"));
    }),
    promise("bounds a line, whatever it is given", async () => {
      const line = await one({}, (logger) =>
        logger.info("m".repeat(5_000_000), {
          text: "t".repeat(5_000_000),
          list: Array.from({ length: 1_000_000 }, (_, id) => id),
          object: Object.fromEntries(Array.from({ length: 50_000 }, (_, id) => [`k${id}`, id])),
          texts: Array.from({ length: 500 }, () => "t".repeat(10_000)),
          ["n".repeat(1_000_000)]: 1,
        }),
      );
      assert.ok(JSON.stringify(line).length < 200_000, `${JSON.stringify(line).length} characters`);
    }),
    promise("logs on when a lazy message throws", async () => {
      const line = await one({}, (logger) =>
        logger.info(() => {
          throw new Error("broken message");
        }),
      );
      assert.ok(line.message.includes("broken message"));
    }),
    promise("keeps a line in one piece, whatever characters it holds", async () => {
      const odd = 'quote " newline \n return \r escape \u001b[31m null \0 \u2028 grüße 😀';
      const lines = await logged({}, (logger) => {
        logger.info(odd, { odd, [odd]: 1 });
        logger.info("next");
      });
      assert.equal(lines.length, 2);
      assert.equal(lines[0]?.message, odd);
      assert.equal(lines[0]?.fields.odd, odd);
    }),
    promise("writes fields that are named as the parts of a line", async () => {
      const line = await one({}, (logger) =>
        logger.info("kept", {
          level: "fake",
          message: "fake",
          msg: "fake",
          time: "fake",
          caller: "fake",
          other: 1,
        }),
      );
      assert.equal(line.level, "info");
      assert.equal(line.message, "kept");
      assert.equal(line.fields.other, 1);
    }),
    promise("names the caller when it is asked to, and only then", async () => {
      const own = /conformance\.(ts|js):\d+$/;
      for (const callerSkipCount of [1, 2]) {
        const lines = await logged({ callerSkipCount, level: "trace" }, (logger) => {
          for (const level of LEVELS) logger[level]("x");
          logger.log("info", "x");
          logger.child({}).info("x");
        });
        for (const { caller } of lines) assert.match(caller ?? "", own);
      }
      const wrapped = (logger: Logger) => logger.info("x");
      const direct = await one({ callerSkipCount: 2 }, (logger) => wrapped(logger));
      const above = await one({ callerSkipCount: 3 }, (logger) => wrapped(logger));
      assert.notEqual(above.caller, direct.caller);
      assert.match(above.caller ?? "", own);
      assert.equal((await one({ callerSkipCount: 0 }, (logger) => logger.info("x"))).caller, undefined);
    }),
    promise("flush resolves when every line so far is written, and without any", async () => {
      const count = 5000;
      const lines = await logged({}, (logger) => {
        for (let line = 0; line < count; line++) logger.info(`line ${line}`);
      });
      assert.equal(lines.length, count);
      assert.equal(lines.at(-1)?.message, `line ${count - 1}`);
      assert.deepEqual(await logged({}, () => undefined), []);
    }),
  ];
}
