import assert from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { type CliConfig, type CliHarness, onlyProblem, promise, reader } from "./conformance-reading.ts";
import { defineFlags, flag } from "./flags.ts";

/** What is read at all: prefix, configuration file, `noFlags`. */
export function scopeCases(harness: CliHarness): readonly ConformanceCase[] {
  const read = reader(harness);
  return [
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
  ];
}
