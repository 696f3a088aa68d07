import { defineFlags, flag } from "@micro/cli";
import { type CliConfig, cliConformance } from "@micro/cli/conformance";
import { type ConfigField, type Option, option } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { yargsCli } from "./index.ts";

const create = (config: CliConfig) => instantiate(yargsCli, { config });

describe("conformance", () => {
  for (const promise of cliConformance({ create })) test(promise.name, () => promise.run());
});

const service = { name: "greeter", version: "1.2.3", description: "" };
const field = (section: string, key: string, found: unknown, plugins: string[] = []): ConfigField => ({
  section,
  key,
  name: key === "plugin" ? section : `${section}_${key}`,
  option: found as Option,
  plugins,
});
const fields = [
  field("broker", "plugin", option.string({ description: "Which one: http, nats" })),
  field("broker", "subject", option.string({ description: "Prefix of subjects", default: "micro" }), [
    "nats",
  ]),
  field("server", "ttl", option.duration({ description: "Age of a registration", default: 60, unit: "s" })),
  field("auth", "key", option.string({ description: "Key", secret: true, default: "hidden" })),
  field(
    "logger",
    "level",
    option.choice(["debug", "info"], { description: "Lowest level", default: "info" }),
  ),
];

test("help names plugin, kind, default and variable of a flag, and keeps to the width", async () => {
  const cli = await create({ argv: ["-h"], env: {} });
  const text = (await cli.readConfig({ service, fields })).exit?.text ?? "";
  const lines = text.split("\n");
  expect(lines[0]).toBe("greeter 1.2.3");
  const oneLine = text.replace(/\s+/g, " ");
  expect(oneLine).toContain(
    "--broker_subject Prefix of subjects [only plugin nats; default micro; $BROKER_SUBJECT]",
  );
  expect(oneLine).toContain("[duration; default 60s; $SERVER_TTL]");
  expect(oneLine).toContain("[one of debug, info; default info; $LOGGER_LEVEL]");
  expect(oneLine).toContain("better as $AUTH_KEY");
  expect(text).not.toContain("hidden");
  for (const heading of ["General:", "Broker:", "Server:", "Auth:", "Logger:"])
    expect(lines).toContain(heading);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(process.stdout.columns ?? 100);
});

test("the locale of the process changes nothing", async () => {
  const before = process.env.LC_ALL;
  process.env.LC_ALL = "de_DE.UTF-8";
  try {
    const cli = await create({ argv: ["--help"], env: {} });
    expect((await cli.readConfig({ service, fields })).exit?.text).toContain("General:");
  } finally {
    if (before === undefined) delete process.env.LC_ALL;
    else process.env.LC_ALL = before;
  }
});

test("one dash is as good as two, as in Go", async () => {
  const cli = await create({ argv: ["-broker", "nats", "-logger_level=info", "-v"], env: {} });
  const { settings, problems, exit } = await cli.readConfig({ service, fields });
  expect(problems).toEqual([]);
  expect(settings.map(({ value }) => value)).toEqual(["nats", "info"]);
  expect(exit?.text).toBe("greeter 1.2.3\n");
});

test("the short forms of help and version give way to flags of the application", async () => {
  const flags = defineFlags({
    h: flag.string({ description: "Host" }),
    v: flag.boolean({ description: "Talks" }),
  });
  const cli = await create({ argv: ["-h", "example", "-v"], env: {}, flags });
  const { exit, problems } = await cli.readConfig({ service, fields });
  expect([exit, problems]).toEqual([undefined, []]);
  expect(cli.values(flags)).toEqual({ h: "example", v: true });
});

test("flags of the application that are none are refused", async () => {
  for (const port of [5, null, { kind: "strange", description: "Port" }])
    await expect(create({ argv: [], env: {}, flags: { port } } as never)).rejects.toThrow(
      "flags: must be what defineFlags returns",
    );
});

test("values are typed, and asking for them too early says so", async () => {
  const flags = defineFlags({
    port: flag.integer({ description: "Port", default: 1 }),
    name: flag.string({ description: "Name" }),
  });
  const cli = await create({ argv: [], env: {}, flags });
  expect(() => cli.values(flags)).toThrow("when the service is created");
  await cli.readConfig({ service, fields });
  expectTypeOf(cli.values(flags)).toEqualTypeOf<{
    readonly port: number;
    readonly name: string | undefined;
  }>();
});

test("any arguments give a result, never an exception, and no prototype changes", async () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "--broker",
      "--",
      "-",
      "---",
      "--=",
      "--no-",
      "--_=x",
      "--__proto__=x",
      "--logger_level",
      "-h=",
      "''",
    ),
    fc.string().map((text) => `--${text}`),
    fc.string().map((text) => `--broker_subject=${text}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
      const cli = await create({ argv, env: {} });
      const { settings, problems } = await cli.readConfig({ service, fields });
      for (const { where, message } of problems) expect(where !== "" && message !== "").toBe(true);
      for (const { origin } of settings) expect(origin.kind).toBe("flag");
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("any text behind the equals sign arrives as it was typed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      const cli = await create({ argv: [`--broker_subject=${text}`], env: {} });
      const { settings, problems } = await cli.readConfig({ service, fields });
      expect(problems).toEqual([]);
      expect(settings.map(({ value }) => value)).toEqual([text]);
    }),
  );
});
