import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineService } from "./definition.ts";
import { definePlugin } from "./plugin.ts";
import { createService } from "./service.ts";
import type { StartError } from "./start-error.ts";
import {
  broker,
  consoleLogger,
  type LabelledLogger,
  registry,
  sampleCli,
  samplePlugins,
} from "./testing/sample.ts";

const greeter = defineService({ name: "greeter", version: "1.0.0" });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-core-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** The problems a start fails with, one line each. */
async function problemsOf(starting: Promise<unknown>): Promise<string[]> {
  const error = await starting.then(
    () => undefined,
    (reason: StartError) => reason,
  );
  expect(error?.name).toBe("StartError");
  return (error as StartError).problems.map(
    ({ where, message, hint }) => `${where.replace(`${folder}/`, "")}: ${message}${hint ? ` (${hint})` : ""}`,
  );
}

describe("configuration", () => {
  test("file beats code, environment beats file, flags beat all; defaults are never in the way", async () => {
    const { mdns, http } = samplePlugins();
    const path = await file("micro.yaml", "broker:\n  pool_size: 2\n  addresses: [file]\n  port: 5\n");
    const env = { kind: "env", where: "BROKER_ADDRESS" } as const;
    const flag = { kind: "flag", where: "--broker_address" } as const;
    const cli = sampleCli(() => [
      { path: ["broker", "addresses"], value: ["env"], origin: env },
      { path: ["broker", "addresses"], value: ["flag"], origin: flag },
    ]);
    const service = await createService(greeter, {
      plugins: [mdns, http, consoleLogger, cli],
      configFile: path,
      broker: { poolSize: 1, addresses: ["code"] },
      registry: { domain: "code" },
    });
    expect(service.broker.options).toMatchObject({ poolSize: 2, addresses: ["flag"], port: 5 });
    expect(service.registry.label).toBe("mdns code");
    const explained = service.explain().find(({ key }) => key === "broker.addresses");
    expect(explained).toMatchObject({ value: ["flag"], from: "--broker_address" });
    expect(explained?.overridden.map(({ from }) => from.replace(/^.*micro/, "micro"))).toEqual([
      "BROKER_ADDRESS",
      "micro.yaml:3:3",
      "createService",
    ]);
  });

  test.each([
    ["micro.json", '{\n  "broker": {\n    "pool_size": 7\n  }\n}'],
    ["micro.toml", "[broker]\npool_size = 7\n"],
    ["micro.config.ts", "export default { broker: { poolSize: 7 as number } };\n"],
    ["micro.config.mjs", "export default { broker: { poolSize: 7 } };\n"],
    ["micro.yml", "---\nbroker: {pool_size: 7}\n"],
  ])("%s is read", async (name, text) => {
    const { mdns, http } = samplePlugins();
    const service = await createService(greeter, {
      plugins: [mdns, http],
      configFile: await file(name, text),
    });
    expect(service.broker.options).toMatchObject({ poolSize: 7 });
  });

  test("all problems come in one error, with file, line and column, what there is and what to do", async () => {
    const { mdns, http, nats } = samplePlugins();
    const path = await file(
      "bad.yaml",
      [
        "broker:",
        "  plugin: natz",
        "  addreses: [a]",
        "registry:",
        "  addresses: 5",
        "  ttl: soon",
        "stor: {}",
        "zebra:",
        "  a: 1",
      ].join("\n"),
    );
    const problems = await problemsOf(
      createService(greeter, { plugins: [mdns, http, nats, consoleLogger], configFile: path }),
    );
    expect(problems.sort()).toEqual([
      "bad.yaml:2:3: unknown plugin 'natz' of 'broker'; listed: http, nats (did you mean 'nats'? If not, npm install @micro/broker-natz and list its plugin)",
      "bad.yaml:3:3: unknown key 'broker.addreses' (did you mean 'broker.addresses'?)",
      "bad.yaml:5:3: 'registry.addresses' must be a list of texts, not 5",
      "bad.yaml:6:3: 'registry.ttl' must be a duration such as '5s', '1m30s' or '500ms', or a number of seconds, not \"soon\"",
      "bad.yaml:7:1: unknown section 'stor'; this service has broker, logger, registry (if 'stor' is a component, list a plugin that definePlugin(stor, …) made)",
      "bad.yaml:8:1: unknown section 'zebra'; this service has broker, logger, registry (if 'zebra' is a component, list a plugin that definePlugin(zebra, …) made)",
    ]);
  });

  test("a plugin name out of a variable that nothing answers to names the variable and the package", async () => {
    const { mdns, http } = samplePlugins();
    const cli = sampleCli(() => [
      { path: ["broker", "plugin"], value: "kafka", origin: { kind: "env", where: "BROKER" } },
    ]);
    expect(await problemsOf(createService(greeter, { plugins: [mdns, http, cli] }))).toEqual([
      "BROKER: unknown plugin 'kafka' of 'broker'; listed: http (npm install @micro/broker-kafka and list its plugin, or take one that is listed)",
    ]);
  });

  test.each([
    [
      "a file that is not there",
      "missing.yaml",
      undefined,
      /configuration file '.*missing.yaml' does not exist/,
    ],
    ["a broken file", "broken.yaml", "broker: [a\n", /broken.yaml.*cannot be read/],
    ["a list", "list.yaml", "- a\n", /top level must be a map/],
    ["an unknown kind", "micro.ini", "a=1", /unknown kind of configuration file '.ini'/],
    ["a section that is no map", "text.yaml", "broker: http\n", /section 'broker' must be a map/],
  ])("%s is one clear problem", async (_what, name, text, message) => {
    const { mdns, http } = samplePlugins();
    const path = text === undefined ? join(folder, name) : await file(name, text);
    const [problem, ...others] = await problemsOf(
      createService(greeter, { plugins: [mdns, http], configFile: path }),
    );
    expect(others).toEqual([]);
    expect(problem).toMatch(message);
  });

  test("an option of a plugin that is not chosen is a mistake in a file, and left alone in the environment", async () => {
    const { mdns, http, nats } = samplePlugins();
    const path = await file("micro.yaml", "broker: {plugin: http, jetstream: true}\n");
    expect(
      await problemsOf(createService(greeter, { plugins: [mdns, http, nats], configFile: path })),
    ).toEqual([
      "micro.yaml:1:24: 'broker.jetstream' is an option of plugin 'nats', but 'http' is chosen (set broker.plugin or leave the option out)",
    ]);
    const cli = sampleCli(() => [
      { path: ["broker", "jetstream"], value: true, origin: { kind: "env", where: "BROKER_JETSTREAM" } },
    ]);
    await createService(greeter, { plugins: [mdns, http, nats, cli], configFile: false });
  });

  test("an alias chooses its plugin", async () => {
    const { mdns, http, nats } = samplePlugins();
    const path = await file("micro.yaml", "broker: {plugin: web}\n");
    const service = await createService(greeter, { plugins: [mdns, nats, http], configFile: path });
    expect(service.broker.label).toBe("http");
  });

  test("two plugins of one name, a plugin that is none and a missing choice are found", async () => {
    const { mdns, http } = samplePlugins();
    const other = definePlugin(broker, { name: "web", create: () => ({}) as never });
    expect(await problemsOf(createService(greeter, { plugins: [mdns, http, other, {}] } as never))).toEqual([
      "plugins[2]: two plugins of 'broker' answer to one name: 'http' and 'web' (list one of them)",
      "plugins[3]: this is no plugin, but an object (list what definePlugin returned, or spread a set: [...defaults])",
    ]);
    const a = definePlugin(registry, { name: "a", create: () => ({ label: "a" }) });
    const b = definePlugin(registry, { name: "b", create: () => ({ label: "b" }) });
    expect(await problemsOf(createService(greeter, { plugins: [a, b] }))).toEqual([
      "createService: several plugins of 'registry' are listed (a, b) and nothing chooses (set registry.plugin)",
    ]);
  });

  test("what follows from a plugin that could not be chosen is not reported again", async () => {
    const { mdns, http } = samplePlugins();
    const cli = sampleCli(() => [
      { path: ["registry", "plugin"], value: "natz", origin: { kind: "flag", where: "--registry" } },
    ]);
    const problems = await problemsOf(createService(greeter, { plugins: [mdns, http, cli] }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("--registry: unknown plugin 'natz'");
  });

  test("a missing need and a cycle are found before anything is created", async () => {
    const { http } = samplePlugins();
    expect(await problemsOf(createService(greeter, { plugins: [http] } as never))).toEqual([
      "plugins: plugin 'broker-http' needs component 'registry', and no plugin of it is listed (npm install @micro/registry-mdns and list its plugin)",
    ]);
    const circular = definePlugin(registry, {
      name: "circular",
      needs: [broker],
      create: () => ({ label: "" }),
    });
    expect(await problemsOf(createService(greeter, { plugins: [circular, http] }))).toEqual([
      "plugins: dependency cycle: registry → broker → registry (one of these plugins must not need the next)",
    ]);
  });

  test("a component that is switched off says so to what needs it, and to whoever touches it", async () => {
    const { mdns, http } = samplePlugins();
    const path = await file("micro.yaml", "registry:\n  enabled: false\n");
    expect(await problemsOf(createService(greeter, { plugins: [mdns, http], configFile: path }))).toEqual([
      "micro.yaml:2:3: plugin 'broker-http' needs component 'registry', which is switched off (set registry.enabled to true, or leave out what needs it)",
    ]);
    const service = await createService(greeter, { plugins: [mdns, http], broker: { enabled: false } });
    expect(() => service.broker).toThrow("component 'broker' is switched off by createService");
  });

  test("a definition's need is checked like a plugin's", async () => {
    const { mdns } = samplePlugins();
    const needy = defineService({ name: "needy", needs: [broker] });
    expect(await problemsOf(createService(needy as never, { plugins: [mdns] }))).toEqual([
      "plugins: service 'needy' needs component 'broker', and no plugin of it is listed (npm install @micro/broker-http and list its plugin)",
    ]);
  });

  test("a component's own logger starts from the logger of all and has its own level", async () => {
    const { mdns, http } = samplePlugins();
    const path = await file("micro.yaml", "logger: {level: warn}\nbroker:\n  logger:\n    level: trace\n");
    const service = await createService(greeter, { plugins: [mdns, http, consoleLogger], configFile: path });
    expect((service.broker.logger as LabelledLogger).label).toBe("trace/broker");
    expect((service.logger as LabelledLogger).label).toBe("warn");
    const shared = await createService(greeter, {
      plugins: [mdns, http, consoleLogger],
      broker: { logger: { enabled: false, level: "trace" } },
    });
    expect((shared.broker.logger as LabelledLogger).label).toBe("info/broker");
  });

  test("a dump masks secrets and reads back as a file with the same effect, once they are given again", async () => {
    const { mdns, nats } = samplePlugins();
    const plugins = [mdns, nats, consoleLogger] as const;
    const options = { token: "s3cret", tls: { caFile: "ca.pem", keyPassword: "pw" }, jetstream: true };
    const first = await createService(greeter, { plugins, broker: options });
    const yaml = await first.dumpConfig();
    expect(yaml).not.toMatch(/s3cret|pw\b/);
    expect(yaml).toContain("ca_file: ca.pem");
    const configFile = await file("micro.yaml", yaml);
    await expect(createService(greeter, { plugins, configFile })).rejects.toThrow(
      /'broker\.token' is masked.*\n.*\n.*'broker\.tls\.key_password' is masked/,
    );
    const secrets = { token: "s3cret", tls: { keyPassword: "pw" } };
    const second = await createService(greeter, { plugins, configFile, broker: secrets });
    expect(await second.dumpConfig("json")).toBe(await first.dumpConfig("json"));
    expect(JSON.stringify(first.explain())).not.toMatch(/s3cret/);
  });

  test("two services of one process do not see each other", async () => {
    const { mdns, http } = samplePlugins();
    const one = await createService(greeter, { plugins: [mdns, http], registry: { domain: "one" } });
    const two = await createService(greeter, { plugins: [mdns, http], registry: { domain: "two" } });
    expect([one.registry.label, two.registry.label]).toEqual(["mdns one", "mdns two"]);
    expect(one.broker.registry).toBe(one.registry);
    expect(one.container).not.toBe(two.container);
    expect(two.resolve(registry)).toBe(two.registry);
  });
});

describe("a plugin that is listed under a condition", () => {
  const { mdns, http, nats } = samplePlugins();
  const start = (on: boolean) =>
    createService(greeter, { plugins: [mdns, ...(on ? [http] : []), consoleLogger], configFile: false });

  test("is there when the condition holds, and undefined when not", async () => {
    expect((await start(true)).broker?.label).toBe("http");
    expect((await start(false)).broker).toBeUndefined();
  });

  test("may stand before one that is always there", async () => {
    for (const [on, plugin] of [
      [true, "nats"],
      [false, "http"],
    ] as const) {
      const service = await createService(greeter, {
        plugins: [mdns, consoleLogger, ...(on ? [nats] : []), http],
        broker: { plugin },
        configFile: false,
      });
      expect(service.broker.label).toBe(plugin);
    }
  });

  test("finds its need among the conditional ones when it starts", async () => {
    const together = (which: readonly boolean[]) =>
      createService(greeter, {
        plugins: [consoleLogger, ...(which[0] ? [mdns] : []), ...(which[1] ? [http] : [])],
        configFile: false,
      });
    expect((await together([true, true])).broker?.registry.label).toBe("mdns micro");
    expect(await problemsOf(together([false, true]))).toEqual([
      expect.stringContaining("needs component 'registry'"),
    ]);
  });
});
