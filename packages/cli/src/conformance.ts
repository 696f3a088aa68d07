import assert from "node:assert/strict";
import {
  type ConfigField,
  type ConfigSourceResult,
  type Option,
  type OptionsInput,
  option,
  type Setting,
  snakeCase,
} from "@micro/core";
import type { ConformanceCase } from "@micro/core/conformance";
import type { Cli } from "./cli.ts";
import type { cli } from "./component.ts";
import { defineFlags, flag } from "./flags.ts";

export type { ConformanceCase } from "@micro/core/conformance";

/** Options of the component, as written in code. */
export type CliConfig = OptionsInput<(typeof cli)["config"]>;

/** What {@link cliConformance} is run on. */
export interface CliHarness {
  /** A new instance of the plugin with these options. */
  create(config: CliConfig): Promise<Cli>;
}

interface FieldOptions {
  readonly name?: string;
  readonly plugins?: readonly string[];
}

const field = (section: string, key: string, found: Option, options: FieldOptions = {}): ConfigField => ({
  section,
  key,
  name: options.name ?? `${section}_${snakeCase(key)}`,
  option: found,
  plugins: options.plugins ?? [],
});

/** One option of every kind. */
const FIELDS: readonly ConfigField[] = [
  field("broker", "plugin", option.string({ description: "Which broker" }) as Option, { name: "broker" }),
  field("broker", "addresses", option.list({ description: "Broker addresses", default: [] }) as Option, {
    name: "broker_address",
  }),
  field("broker", "enabled", option.boolean({ description: "On or off", default: true }) as Option),
  field("client", "poolSize", option.integer({ description: "Idle sessions", default: 7 }) as Option),
  field("client", "ratio", option.number({ description: "A share", default: 0.5 }) as Option),
  field("client", "poolTtl", option.duration({ description: "Age", default: "1m" }) as Option),
  field("client", "maxSize", option.size({ description: "Largest body", default: "4MiB" }) as Option),
  field("logger", "level", option.choice(["debug", "info"], { description: "Lowest level" }) as Option),
  field("logger", "fields", option.map({ description: "Fields of each line", default: {} }) as Option),
  field("auth", "secret", option.string({ description: "Shared secret", secret: true }) as Option),
  field("auth", "pin", option.integer({ description: "Secret number", secret: true }) as Option),
  field("broker", "subjects", option.string({ description: "Subject prefix" }) as Option, {
    plugins: ["nats"],
  }),
];

const SERVICE = { name: "greeter", version: "1.2.3", description: "Says hello" };

/** The promises of a {@link Cli}; run every case with any test runner. */
export function cliConformance(harness: CliHarness): readonly ConformanceCase[] {
  interface Reading extends ConfigSourceResult {
    readonly cli: Cli;
  }
  const read = async (argv: readonly string[], config: CliConfig = {}): Promise<Reading> => {
    const instance = await harness.create({ env: {}, ...config, argv });
    return { ...(await instance.readConfig({ service: SERVICE, fields: FIELDS })), cli: instance };
  };
  const values = (settings: readonly Setting[]) =>
    Object.fromEntries(settings.map(({ path, value }) => [path.join("."), value]));
  const promise = (name: string, run: () => Promise<void>): ConformanceCase => ({ name, run });
  const onlyProblem = ({ problems, settings }: ConfigSourceResult) => {
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.deepEqual(settings, []);
    const [problem] = problems;
    assert.ok(problem !== undefined);
    return problem;
  };

  return [
    promise("returns nothing that nobody set", async () => {
      const { settings, problems, configFile, exit } = await read([]);
      assert.deepEqual(
        { settings, problems, configFile, exit },
        { settings: [], problems: [], configFile: undefined, exit: undefined },
      );
    }),
    promise("reads every kind of option from flags", async () => {
      const { settings, problems } = await read([
        ..."--broker nats --broker_address a:1,b:2 --broker_address c:3 --broker_enabled".split(" "),
        ..."--client_pool_size=5 --client_ratio 0.25 --client_pool_ttl 1m30s --client_max_size=1MiB".split(
          " ",
        ),
        ..."--logger_level debug --logger_fields a=1,b=x=y --logger_fields c=3".split(" "),
      ]);
      assert.deepEqual(problems, []);
      assert.deepEqual(values(settings), {
        "broker.plugin": "nats",
        "broker.addresses": ["a:1", "b:2", "c:3"],
        "broker.enabled": true,
        "client.poolSize": 5,
        "client.ratio": 0.25,
        "client.poolTtl": "1m30s",
        "client.maxSize": "1MiB",
        "logger.level": "debug",
        "logger.fields": { a: "1", b: "x=y", c: "3" },
      });
    }),
    promise("reads every kind of option from variables", async () => {
      const env = {
        BROKER: "nats",
        BROKER_ADDRESS: "a:1, b:2",
        BROKER_ENABLED: "FALSE",
        CLIENT_POOL_SIZE: "5",
        CLIENT_RATIO: "1e-3",
        CLIENT_POOL_TTL: "90",
        CLIENT_MAX_SIZE: "64kB",
        LOGGER_FIELDS: "a=1,b=2,3",
        OTHER: "ignored",
      };
      const { settings, problems } = await read([], { env });
      assert.deepEqual(problems, []);
      assert.deepEqual(values(settings), {
        "broker.plugin": "nats",
        "broker.addresses": ["a:1", "b:2"],
        "broker.enabled": false,
        "client.poolSize": 5,
        "client.ratio": 0.001,
        "client.poolTtl": "90",
        "client.maxSize": "64kB",
        "logger.fields": { a: "1", b: "2,3" },
      });
    }),
    promise(
      "says where each value came from, and returns flags after variables so that they win",
      async () => {
        const { settings } = await read(["--broker_address", "flag:1", "--broker=a", "--broker=b"], {
          env: { BROKER_ADDRESS: "env:1", LOGGER_LEVEL: "info" },
        });
        const seen = settings.map(({ path, value, origin }) => [
          path.join("."),
          value,
          origin.kind,
          origin.where,
        ]);
        assert.deepEqual(
          new Set(seen.slice(0, 2)),
          new Set([
            ["broker.addresses", ["env:1"], "env", "BROKER_ADDRESS"],
            ["logger.level", "info", "env", "LOGGER_LEVEL"],
          ]),
        );
        assert.deepEqual(
          new Set(seen.slice(2)),
          new Set([
            ["broker.addresses", ["flag:1"], "flag", "--broker_address"],
            ["broker.plugin", "b", "flag", "--broker"],
          ]),
        );
      },
    ),
    promise("reads booleans in all their forms", async () => {
      for (const [argv, expected] of [
        [["--broker_enabled"], true],
        [["--broker_enabled=true"], true],
        [["--broker_enabled=1"], true],
        [["--no-broker_enabled"], false],
        [["--broker_enabled=false"], false],
        [["--broker_enabled=no"], false],
        [["--broker_enabled", "--no-broker_enabled"], false],
      ] as const) {
        const { settings, problems } = await read(argv);
        assert.deepEqual([values(settings), problems], [{ "broker.enabled": expected }, []], argv.join(" "));
      }
      const { cli: instance, settings } = await read(["--broker_enabled", "hello"]);
      assert.deepEqual([values(settings), instance.positionals], [{ "broker.enabled": true }, ["hello"]]);
    }),
    promise("keeps a value as it was typed", async () => {
      for (const text of [
        "a=b",
        "-x",
        "--y",
        "'q'",
        '"q"',
        "0x10",
        "007",
        " spaced ",
        "ü 😀",
        "$HOME",
        "",
        "a,b",
      ]) {
        const { settings, problems } = await read([`--broker_subjects=${text}`]);
        assert.deepEqual(
          [values(settings), problems],
          [{ "broker.subjects": text }, []],
          `--broker_subjects=${text}`,
        );
      }
      const { settings, problems } = await read(["--client_pool_size", "-5", "--client_ratio", "-.5"]);
      assert.deepEqual([values(settings), problems], [{ "client.poolSize": -5, "client.ratio": -0.5 }, []]);
    }),
    promise("an empty list clears, an empty variable is not set", async () => {
      const { settings } = await read(["--broker_address="], {
        env: { BROKER: "", BROKER_ENABLED: "", CLIENT_POOL_SIZE: "" },
      });
      assert.deepEqual(values(settings), { "broker.addresses": [] });
    }),
    promise(
      "a value that does not convert is a problem that names flag or variable, value and what it expects",
      async () => {
        for (const [argv, env, where, text] of [
          [["--client_pool_size", "many"], {}, "--client_pool_size", "many"],
          [["--client_pool_size=1.5"], {}, "--client_pool_size", "1.5"],
          [["--client_pool_size=99999999999999999999"], {}, "--client_pool_size", "99999"],
          [["--client_ratio=half"], {}, "--client_ratio", "half"],
          [["--broker_enabled=maybe"], {}, "--broker_enabled", "maybe"],
          [["--logger_fields=novalue"], {}, "--logger_fields", "novalue"],
          [[], { CLIENT_POOL_SIZE: "many" }, "CLIENT_POOL_SIZE", "many"],
          [[], { BROKER_ENABLED: "maybe" }, "BROKER_ENABLED", "maybe"],
        ] as const) {
          const problem = onlyProblem(await read(argv, { env }));
          assert.equal(problem.where, where);
          assert.match(problem.message, /must be/);
          assert.ok(problem.message.includes(text), problem.message);
        }
      },
    ),
    promise("never shows a secret", async () => {
      const env = { AUTH_PIN: "hunter2" };
      assert.ok(!JSON.stringify(await read(["--auth_pin", "hunter2"], { env })).includes("hunter2"));
    }),
    promise("an unknown flag is a problem with the nearest valid one", async () => {
      for (const [typed, meant] of [
        ["--broker_adress", "--broker_address"],
        ["--broker-address=x", "--broker_address"],
        ["--LOGGER_LEVEL", "--logger_level"],
        ["--hlep", "--help"],
      ] as const) {
        const problem = onlyProblem(await read([typed]));
        assert.equal(problem.where, typed.split("=")[0]);
        assert.ok(problem.hint?.includes(meant), problem.hint);
      }
      for (const typed of [
        "--zzzzzzzzzzzz",
        "--__proto__=x",
        "--constructor=x",
        "--no-broker",
        "--broker.address=x",
        "-x",
      ]) {
        onlyProblem(await read([typed]));
      }
    }),
    promise("a missing value is a problem", async () => {
      for (const argv of [
        ["--broker"],
        ["--broker", "--broker_enabled=true"],
        ["--client_pool_size"],
        ["--broker_address=a", "--broker_address"],
      ]) {
        const { problems } = await read(argv);
        assert.equal(problems.length, 1, argv.join(" "));
        assert.match(problems[0]?.message ?? "", /value/);
      }
    }),
    promise("finds all problems at once", async () => {
      const { problems } = await read(["--nope", "--client_pool_size=x", "--broker"], {
        env: { CLIENT_RATIO: "y" },
      });
      assert.deepEqual(
        new Set(problems.map(({ where }) => where)),
        new Set(["--nope", "--client_pool_size", "--broker", "CLIENT_RATIO"]),
      );
    }),
    promise("puts the prefix before flags and variables, and only those are read", async () => {
      const env = { BROKER: "no", MICRO_BROKER: "yes", MICRO_CONFIG: "env.yaml", CONFIG: "no.yaml" };
      const { settings, configFile } = await read(["--micro_logger_level=info"], { argPrefix: "micro", env });
      assert.deepEqual(
        settings.map(({ value, origin }) => [value, origin.where]),
        [
          ["yes", "MICRO_BROKER"],
          ["info", "--micro_logger_level"],
        ],
      );
      assert.equal(configFile, "env.yaml");
      const problem = onlyProblem(await read(["--logger_level=info"], { argPrefix: "micro" }));
      assert.ok(problem.hint?.includes("--micro_logger_level"));
    }),
    promise("names the configuration file; the flag beats the variable", async () => {
      const named = async (argv: readonly string[], config: CliConfig = {}) => {
        const { configFile, configFileFrom = "--config" } = await read(argv, config);
        return `${configFile} by ${configFileFrom}`;
      };
      const env = { CONFIG: "b.yaml", MICRO_CONFIG: "c.yaml" };
      assert.equal(await named(["--config", "a.yaml"]), "a.yaml by --config");
      assert.equal(await named([], { env }), "b.yaml by CONFIG");
      assert.equal(await named(["--config=a.yaml"], { env }), "a.yaml by --config");
      assert.equal(await named([], { env, argPrefix: "micro" }), "c.yaml by MICRO_CONFIG");
      assert.equal(
        await named(["--micro_config", "a.yaml"], { argPrefix: "micro" }),
        "a.yaml by --micro_config",
      );
    }),
    promise("reads nothing at all with noFlags", async () => {
      const flags = defineFlags({ port: flag.integer({ description: "Port", default: 1 }) });
      const result = await read(["--help", "--nope", "--port=5", "x"], {
        noFlags: true,
        flags,
        env: { BROKER: "nats", PORT: "9" },
      });
      const { settings, problems, configFile, exit, cli: instance } = result;
      assert.deepEqual(
        { settings, problems, configFile, exit },
        { settings: [], problems: [], configFile: undefined, exit: undefined },
      );
      assert.deepEqual(instance.positionals, []);
      assert.deepEqual(instance.values(flags), { port: 1 });
    }),
    promise("hands back what stands beside flags, and everything behind --", async () => {
      const { cli: instance, problems } = await read([
        "one",
        "--broker",
        "x",
        "2",
        "-",
        "--",
        "--help",
        "--nope",
        "-3",
      ]);
      assert.deepEqual(problems, []);
      assert.deepEqual(instance.positionals, ["one", "2", "-", "--help", "--nope", "-3"]);
    }),
    promise("hands back typed values of the application's flags", async () => {
      const flags = defineFlags({
        port: flag.integer({ description: "Port", default: 80 }),
        name: flag.string({ description: "Name" }),
        verbose: flag.boolean({ description: "Talks", default: false }),
        tag: flag.list({ description: "Tags", default: [] }),
        share: flag.number({ description: "Share", env: "MY_SHARE", default: 1 }),
        maxItems: flag.integer({ description: "Bound" }),
      });
      const {
        cli: instance,
        settings,
        problems,
      } = await read(["--port=8080", "--verbose", "--tag", "a,b", "--max_items", "3"], {
        flags,
        env: { PORT: "1", NAME: "env", MY_SHARE: "0.5" },
        argPrefix: "micro",
      });
      assert.deepEqual([settings, problems], [[], []]);
      assert.deepEqual(instance.values(flags), {
        port: 8080,
        name: "env",
        verbose: true,
        tag: ["a", "b"],
        share: 0.5,
        maxItems: 3,
      });
      const unset = await read([], { flags });
      assert.deepEqual(unset.cli.values(flags), {
        port: 80,
        name: undefined,
        verbose: false,
        tag: [],
        share: 1,
        maxItems: undefined,
      });
      onlyProblem(await read(["--port=x"], { flags }));
      assert.throws(() => instance.values({ other: flag.string({ description: "Not given" }) }), TypeError);
    }),
    promise("does not let the application take a flag of the framework", async () => {
      for (const key of ["broker", "config", "help", "version"]) {
        const flags = { [key]: flag.string({ description: "Mine" }) };
        const problem = onlyProblem(await read([], { flags }));
        assert.ok(problem.message.includes(`--${key}`), problem.message);
      }
    }),
    promise("--help asks to print every flag by component and to end with 0", async () => {
      const flags = defineFlags({ port: flag.integer({ description: "Port of mine", default: 4321 }) });
      for (const argv of [["--help"], ["--help", "--nope"]]) {
        const { exit } = await read(argv, { flags });
        assert.equal(exit?.code, 0);
        const text = exit?.text ?? "";
        for (const {
          name,
          option: { description },
        } of FIELDS) {
          assert.ok(text.includes(`--${name}`), `${name}: ${text}`);
          assert.ok(text.includes(name.toUpperCase()), `${name.toUpperCase()}: ${text}`);
          assert.ok(text.includes(description), description);
        }
        for (const part of [
          "greeter",
          "1.2.3",
          "Says hello",
          "--config",
          "--port",
          "Port of mine",
          "4321",
          "4MiB",
          "nats",
          "Logger",
        ]) {
          assert.ok(text.includes(part), `${part}: ${text}`);
        }
      }
      assert.equal((await read(["--help=false"])).exit, undefined);
    }),
    promise("--version asks to print name and version and to end with 0", async () => {
      const { exit } = await read(["--version"]);
      assert.deepEqual([exit?.text.trim(), exit?.code], ["greeter 1.2.3", 0]);
    }),
    promise(
      "reads the process's own arguments and variables, at the time of reading, when given none",
      async () => {
        const { argv } = process;
        const variable = "MICRO_CONFORMANCE_BROKER";
        try {
          const instance = await harness.create({ argPrefix: "micro_conformance" });
          process.argv = [...argv.slice(0, 2), "--micro_conformance_logger_level=info"];
          process.env[variable] = "nats";
          const { settings } = await instance.readConfig({ service: SERVICE, fields: FIELDS });
          assert.deepEqual(values(settings), { "broker.plugin": "nats", "logger.level": "info" });
        } finally {
          process.argv = argv;
          delete process.env[variable];
        }
      },
    ),
    promise("writes nothing and does not end the process", async () => {
      const calls: unknown[] = [];
      const restore = [
        replace(process.stdout, "write", (chunk) => calls.push(chunk) > 0),
        replace(process.stderr, "write", (chunk) => calls.push(chunk) > 0),
        replace(process, "exit", () => calls.push("exit")),
      ];
      const { exitCode } = process;
      try {
        for (const argv of [["--help"], ["--version"], ["--nope"], ["--broker"]]) await read(argv);
      } finally {
        for (const undo of restore) undo();
      }
      assert.deepEqual(calls, []);
      assert.equal(process.exitCode, exitCode);
    }),
  ];
}

/** Puts a function in the place of a method; what it returns puts the method back. */
function replace(target: object, name: string, stub: (argument: unknown) => unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value: stub, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}
