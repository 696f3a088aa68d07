import assert from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { type CliHarness, onlyProblem, promise, reader } from "./conformance-reading.ts";

/** What cannot be read. */
export function problemCases(harness: CliHarness): readonly ConformanceCase[] {
  const read = reader(harness);
  return [
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
  ];
}
