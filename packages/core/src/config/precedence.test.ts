import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineService } from "../definition.ts";
import { createService } from "../service.ts";
import { type Folder, makeFolder } from "../testing/folder.ts";
import {
  consoleLogger,
  type LabelledLogger,
  type SampleBroker,
  sampleCli,
  samplePlugins,
} from "../testing/sample.ts";
import type { Origin, Setting } from "./settings.ts";

const sample = defineService({ name: "sample" });
let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

const SOURCES = ["code", "file", "env", "flag"] as const;
type Source = (typeof SOURCES)[number];
type Values = Readonly<Record<string, unknown>>;

const snake: Readonly<Record<string, string>> = {
  plugin: "plugin",
  enabled: "enabled",
  addresses: "addresses",
  poolSize: "pool_size",
  port: "port",
};

/** A service whose broker section is set by the four sources. */
async function compose(given: Readonly<Partial<Record<Source, Values>>>) {
  const { mdns, http, nats } = samplePlugins();
  const outside = (["env", "flag"] as const).flatMap((kind): Setting[] =>
    Object.entries(given[kind] ?? {}).map(([key, value]) => {
      const origin: Origin = { kind, where: kind === "env" ? `BROKER_${key}` : `--broker_${key}` };
      return { path: ["broker", key], value, origin };
    }),
  );
  const broker = Object.fromEntries(
    Object.entries(given.file ?? {}).map(([key, value]) => [snake[key] ?? key, value]),
  );
  return createService(sample, {
    plugins: [mdns, http, nats, consoleLogger, sampleCli(() => outside)],
    configFile: await folder.file("micro.json", JSON.stringify({ broker })),
    broker: (given.code ?? {}) as never,
  });
}

/** What an explanation calls a source. */
const sourceOf = (from: string): string =>
  from === "createService"
    ? "code"
    : from.includes("micro.json")
      ? "file"
      : from.startsWith("--")
        ? "flag"
        : from === "default"
          ? "default"
          : "env";

describe("of many sources", () => {
  test("the strongest that says something wins, per key, and the others are named in order", async () => {
    const values = fc.record(
      {
        addresses: fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 3 }),
        poolSize: fc.nat(100),
        port: fc.nat(65_535),
      },
      { requiredKeys: [] },
    );
    const given = fc.record({ code: values, file: values, env: values, flag: values }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(given, async (sources) => {
        const service = await compose(sources);
        const defaults: Values = { addresses: [], poolSize: 1, port: 0 };
        for (const key of ["addresses", "poolSize", "port"] as const) {
          const said = SOURCES.filter((source) => sources[source]?.[key] !== undefined).reverse();
          const [strongest, ...weaker] = said;
          const expected = strongest === undefined ? defaults[key] : sources[strongest]?.[key];
          expect(service.broker.options[key]).toEqual(expected);
          const explained = service.explain().find((line) => line.key === `broker.${snake[key]}`);
          expect(explained?.value).toEqual(expected);
          expect(sourceOf(explained?.from ?? "")).toBe(strongest ?? "default");
          expect(explained?.overridden.map(({ from }) => sourceOf(from))).toEqual(weaker);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a list is replaced, never joined", async () => {
    const service = await compose({ code: { addresses: ["a", "b"] }, file: { addresses: ["c"] } });
    expect(service.broker.options.addresses).toEqual(["c"]);
    const emptied = await compose({ code: { addresses: ["a"] }, flag: { addresses: [] } });
    expect(emptied.broker.options.addresses).toEqual([]);
  });
});

describe("switching on and off", () => {
  const isOn = async (given: Parameters<typeof compose>[0]) => {
    const service = await compose(given);
    const explained = service.explain().find(({ key }) => key === "broker.enabled");
    let broker: SampleBroker | undefined;
    try {
      broker = service.broker;
    } catch {
      broker = undefined;
    }
    expect(explained?.value).toBe(broker !== undefined);
    return [broker !== undefined, sourceOf(explained?.from ?? "")];
  };

  test("goes both ways, from each source over the weaker ones", async () => {
    const switches = fc.record(
      { code: fc.boolean(), file: fc.boolean(), env: fc.boolean(), flag: fc.boolean() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(switches, async (said) => {
        const strongest = [...SOURCES].reverse().find((source) => said[source] !== undefined);
        const given = Object.fromEntries(
          Object.entries(said).map(([source, enabled]) => [source, { enabled }]),
        );
        expect(await isOn(given)).toEqual([
          strongest === undefined || said[strongest],
          strongest ?? "default",
        ]);
      }),
      { numRuns: 81 },
    );
  });

  test("naming a plugin by flag or variable switches its component on, and explain says who did", async () => {
    expect(await isOn({ code: { enabled: false }, flag: { plugin: "nats" } })).toEqual([true, "flag"]);
    expect(await isOn({ file: { enabled: false }, env: { plugin: "nats" } })).toEqual([true, "env"]);
    expect(await isOn({ env: { enabled: false }, flag: { plugin: "nats" } })).toEqual([true, "flag"]);
    const service = await compose({ code: { enabled: false, plugin: "http" }, env: { plugin: "nats" } });
    expect(service.broker.label).toBe("nats");
    expect(service.explain().find(({ key }) => key === "broker.enabled")).toEqual({
      key: "broker.enabled",
      value: true,
      from: "BROKER_plugin",
      overridden: [{ value: false, from: "createService" }],
    });
  });

  test("who says no as strongly as the name, or names it in code or file, is heard", async () => {
    expect(await isOn({ env: { enabled: false, plugin: "nats" } })).toEqual([false, "env"]);
    expect(await isOn({ env: { plugin: "nats" }, flag: { enabled: false } })).toEqual([false, "flag"]);
    expect(await isOn({ code: { enabled: false }, file: { plugin: "nats" } })).toEqual([false, "code"]);
    expect(await isOn({ code: { enabled: false, plugin: "nats" } })).toEqual([false, "code"]);
  });

  test("two plugins without a choice are no problem of a component that is off", async () => {
    const { mdns } = samplePlugins();
    const { http, nats } = samplePlugins();
    const noDefault = [http, nats].map((plugin) => ({
      ...plugin,
      component: { ...plugin.component, defaultPlugin: undefined as never },
    }));
    const service = await createService(sample, {
      plugins: [mdns, ...noDefault],
      configFile: false,
      broker: { enabled: false },
    } as never);
    await service.stop();
  });
});

describe("a component's own logger", () => {
  const label = async (code: object, file: object) => {
    const { mdns, http } = samplePlugins();
    const service = await createService(sample, {
      plugins: [mdns, http, consoleLogger],
      configFile: await folder.file("logger.json", JSON.stringify(file)),
      ...code,
    } as never);
    return ((service as unknown as { broker: SampleBroker }).broker.logger as LabelledLogger).label;
  };

  test("is set in code and in a file, and a file beats code", async () => {
    const code = { broker: { logger: { level: "warn" } } };
    expect(await label({}, {})).toBe("info/broker");
    expect(await label(code, {})).toBe("warn/broker");
    expect(await label({}, { broker: { logger: { level: "trace" } } })).toBe("trace/broker");
    expect(await label(code, { broker: { logger: { level: "trace" } } })).toBe("trace/broker");
  });

  test("takes from the logger of all what it does not set itself, however that was set", async () => {
    expect(await label({ broker: { logger: { pretty: true } } }, { logger: { level: "warn" } })).toBe(
      "warn/broker",
    );
    expect(await label({ broker: { logger: { level: "trace" } } }, { logger: { level: "warn" } })).toBe(
      "trace/broker",
    );
  });

  test("a logger has none of its own", async () => {
    expect(
      await folder.problemsOf(label({}, { logger: { logger: { level: "warn", pretty: true } } })),
    ).toEqual(["logger.json:1:37: unknown key 'logger.logger' (known keys: enabled, level, plugin, pretty)"]);
  });

  test("what is wrong with the logger of all is reported once", async () => {
    const starting = label(
      { broker: { logger: { pretty: true } } },
      { logger: { level: "loud", colour: 1 } },
    );
    expect(await folder.problemsOf(starting)).toEqual([
      "logger.json:1:12: 'logger.level' must be one of trace, info, warn, not \"loud\"",
      "logger.json:1:27: unknown key 'logger.colour' (known keys: enabled, level, plugin, pretty)",
    ]);
  });
});

test("a flag that chooses another plugin leaves the file's options of the first one behind", async () => {
  const service = await compose({ file: { plugin: "http", port: 5 }, flag: { plugin: "nats" } });
  expect(service.broker.label).toBe("nats");
});
