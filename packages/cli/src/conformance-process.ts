import assert from "node:assert/strict";
import type { ConformanceCase } from "@micro/core/conformance";
import { type CliHarness, FIELDS, promise, reader, SERVICE, values } from "./conformance-reading.ts";
import { defineFlags, flag } from "./flags.ts";

/** What the process sees: help, version, its own arguments and output. */
export function processCases(harness: CliHarness): readonly ConformanceCase[] {
  const read = reader(harness);
  return [
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
