import assert from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { type CliHarness, onlyProblem, promise, reader } from "./conformance-reading.ts";
import { defineFlags, flag } from "./flags.ts";

/** What the application gets: its own flags, and what stands beside flags. */
export function applicationCases(harness: CliHarness): readonly ConformanceCase[] {
  const read = reader(harness);
  return [
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
  ];
}
