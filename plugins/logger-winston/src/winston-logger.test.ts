import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { createService, defineComponent, definePlugin, defineService } from "@micro/core";
import { type Logger, logger, REDACTED } from "@micro/logger";
import { loggerConformance, type WrittenLine } from "@micro/logger/conformance";
import { describe, expect, test } from "vitest";
import { createLogger, format, transports } from "winston";
import Transport from "winston-transport";
import { winstonLogger } from "./index.ts";
import { runModule } from "./testing/child.ts";
import { linesOf, parsed } from "./testing/lines.ts";
import { folder, open } from "./testing/open.ts";

/** Keeps what it is given at once: winston's stream transport does not wait until it is taken. */
function collector() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, output: () => chunks.join("") };
}

const written = (lines: readonly Record<string, unknown>[]): WrittenLine[] =>
  lines.map(({ timestamp: _timestamp, level, message, caller, ...fields }) => ({
    level: String(level),
    message: String(message),
    fields,
    ...(typeof caller === "string" ? { caller } : {}),
  }));

const LEVELS = { fatal: 0, error: 1, warn: 2, info: 3, debug: 4, trace: 5 };

describe("conformance", () => {
  const ways = {
    "a file": async () => {
      const file = join(await folder(), "app.log");
      const read = () => linesOf(file).catch(() => []);
      return { config: { file }, read };
    },
    "a transport": async () => {
      const infos: string[] = [];
      const log = (info: Record<symbol, unknown>, next: () => void) => {
        setImmediate(() => {
          infos.push(`${String(info[Symbol.for("message")])}\n`);
          next();
        });
      };
      return { config: { transports: [new Transport({ log })] }, read: () => parsed(infos.join("")) };
    },
    "a winston logger": async () => {
      const { stream, output } = collector();
      const winston = createLogger({
        levels: LEVELS,
        level: "trace",
        format: format.json({ deterministic: false }),
        transports: [new transports.Stream({ stream })],
      });
      return { config: { winston }, read: () => parsed(output()) };
    },
  };
  describe.each(Object.entries(ways))("to %s", (_name, way) => {
    const cases = loggerConformance({
      create: async (config) => {
        const { config: own, read } = await way();
        const made = await open({ ...config, ...own });
        return { logger: made, lines: async () => written(await read()), close: () => made.end() };
      },
    });
    for (const promise of cases) test(promise.name, () => promise.run());
  });
});

describe("lines", () => {
  const logged = async (config: Parameters<typeof open>[0], use: (logger: Logger) => void) => {
    const file = join(await folder(), "app.log");
    const made = await open({ ...config, file });
    use(made);
    await made.end();
    return readFile(file, "utf8");
  };

  test("are JSON in stable order, with winston's name for the time", async () => {
    const before = Date.now();
    const [line] = parsed(await logged({ fields: { app: "shop" } }, (log) => log.warn("careful", { id: 7 })));
    expect(Object.keys(line ?? {})).toEqual(["timestamp", "level", "message", "app", "id"]);
    expect(Date.parse(String(line?.timestamp))).toBeGreaterThanOrEqual(before);
  });

  test("keep fields that mean something to winston, and are never kept back for them", async () => {
    const output = await logged({ timestamp: false }, (log) =>
      log.info("m", { exception: true, level: "l", message: "x", timestamp: 1, splat: [1], stack: "s" }),
    );
    expect(output).toBe(
      '{"level":"info","message":"m","exception_":true,"level_":"l","message_":"x","timestamp_":1,"splat":[1],"stack":"s"}\n',
    );
  });

  test.each(["pretty", "text"] as const)("can be %s, for people; a file gets no colours", async (chosen) => {
    const output = await logged({ format: chosen, timestamp: false }, (log) =>
      log.info("one\nERROR fake", { port: 80, error: new Error("refused") }),
    );
    expect(output).toMatch(/^INFO {2}one\n {6}ERROR fake port=80\n {4}error: Error: refused\n/);
    expect(output).not.toContain("\u001b");
  });

  test("can have any format of winston", async () => {
    const formatter = format.combine(format.label({ label: "L" }), format.simple());
    const output = await logged({ formatter, timestamp: false }, (log) => log.info("hello", { id: 7 }));
    expect(output).toBe('info: hello {"id":7,"label":"L"}\n');
  });

  test("a format that filters or throws loses only its line", async () => {
    const formatter = format.combine(
      format((info) => {
        if (info.message === "broken") throw new Error("broken format");
        return info.message === "secret" ? false : info;
      })(),
      format.json(),
    );
    const output = await logged({ formatter }, (log) => {
      for (const message of ["one", "secret", "broken", "two"]) log.info(message);
    });
    expect(parsed(output).map(({ message }) => message)).toEqual(["one", "two"]);
  });

  test("hold no secret, wherever they go", async () => {
    const { stream, output } = collector();
    const file = await logged({ transports: [new transports.Stream({ stream })] }, (log) =>
      log.child({ token: "s3cr3t" }).info("x", { user: { Private_Key: "s3cr3t" } }),
    );
    for (const text of [file, output()]) {
      expect(text).not.toContain("s3cr3t");
      expect(text).toContain(REDACTED);
    }
  });

  test("name the caller when Go's caller_skip_count is set", async () => {
    const [line] = parsed(await logged({ callerSkipCount: 2 }, (log) => log.info("x")));
    expect(line?.caller).toMatch(/^src\/winston-logger\.test\.ts:\d+$/);
  });
});

test("a logger of winston and options that it would ignore are refused together", async () => {
  const winston = createLogger();
  await expect(open({ winston, file: "x.log" })).rejects.toThrow(/leave out logger\.file/);
  await expect(open({ winston: createLogger({ levels: { loud: 0 } }) })).rejects.toThrow(/no level for/);
  await expect(open({ transports: [() => ({}) as never] })).rejects.toThrow(/returned no winston transport/);
  await expect(open({ transports: [winston as never] })).rejects.toThrow(/list of winston transports/);
});

/** A component whose plugin logs as soon as it is made. */
const broker = defineComponent<{ readonly logger: Logger }>()({
  name: "broker",
  description: "A broker that only logs",
  config: {},
  defaultPlugin: "talking",
});
const talkingBroker = definePlugin(broker, {
  name: "talking",
  needs: [logger],
  create: ({ deps }) => {
    deps.logger.trace("broker made");
    return { logger: deps.logger };
  },
});

describe("in a service", () => {
  const definition = defineService({ name: "demo" });

  test.each(["winston", "zap", "logrus"])("answers to '%s'", async (plugin) => {
    const path = await folder();
    const file = join(path, "app.log");
    const configFile = join(path, "micro.yaml");
    await writeFile(configFile, `logger: {plugin: ${plugin}, stream: none, file: ${file}}\n`);
    const service = await createService(definition, { plugins: [winstonLogger], configFile });
    service.logger.info("hello");
    await service.stop();
    expect(await linesOf(file)).toMatchObject([{ level: "info", message: "hello" }]);
  });

  test("each component has its own level, fields and file; without a section it has the service's", async () => {
    const path = await folder();
    const yaml = join(path, "micro.yaml");
    await writeFile(
      yaml,
      `logger: {enabled: true, plugin: logrus, fields: {component: default}, level: warn, stream: none, file: ${path}/all.log}
broker: {logger: {enabled: true, plugin: winston, fields: {component: broker}, level: trace, stream: none, file: ${path}/broker.log}}
`,
    );
    const service = await createService(definition, {
      plugins: [winstonLogger, talkingBroker],
      configFile: yaml,
    });
    service.logger.info("not written");
    service.logger.warn("written");
    await service.stop();
    expect(written(await linesOf(join(path, "all.log")))).toEqual([
      { level: "warn", message: "written", fields: { component: "default" } },
    ]);
    expect(written(await linesOf(join(path, "broker.log")))).toEqual([
      { level: "trace", message: "broker made", fields: { component: "broker" } },
    ]);
  });

  test("the sections of a Go configuration work as they are", async () => {
    const yaml = join(await folder(), "micro.yaml");
    await writeFile(
      yaml,
      `logger: {enabled: true, plugin: zap, fields: {component: default}, level: trace, caller_skip_count: 2}
broker: {logger: {enabled: true, plugin: zap, fields: {component: broker}, level: trace}}
`,
    );
    const { child, exit } = runModule(`
      import { createService, defineComponent, definePlugin, defineService } from "@micro/core";
      import { logger } from "@micro/logger";
      import { winstonLogger } from "./src/index.ts";
      const broker = defineComponent()({ name: "broker", description: "b", config: {}, defaultPlugin: "talking" });
      const talking = definePlugin(broker, {
        name: "talking", needs: [logger],
        create: ({ deps }) => { deps.logger.trace("from the broker"); return {}; },
      });
      const service = await createService(defineService({ name: "demo" }), {
        plugins: [winstonLogger, talking], configFile: ${JSON.stringify(yaml)},
      });
      service.logger.trace("from the service");
      await service.stop();`);
    const [errors, output] = await Promise.all([text(child.stderr), text(child.stdout), exit]);
    const lines = written(parsed(errors)).sort((a, b) => a.message.localeCompare(b.message));
    expect(lines).toEqual([
      {
        level: "trace",
        message: "from the broker",
        fields: { component: "broker" },
        caller: expect.stringMatching(/:\d+$/),
      },
      {
        level: "trace",
        message: "from the service",
        fields: { component: "default" },
        caller: expect.stringMatching(/:\d+$/),
      },
    ]);
    expect(output).toBe("");
  });
});
