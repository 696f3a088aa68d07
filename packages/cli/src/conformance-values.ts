import assert from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { type CliHarness, promise, reader, values } from "./conformance-reading.ts";

/** What was set, and by whom. */
export function valueCases(harness: CliHarness): readonly ConformanceCase[] {
  const read = reader(harness);
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
  ];
}
