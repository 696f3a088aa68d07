import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import { bidiStream, clientStream, defineContract, serverStream, unary } from "./contract.ts";
import { defineService, type Implementation, implement } from "./definition.ts";
import { createService } from "./service.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { broker, consoleLogger, type SampleBroker, samplePlugins } from "./testing/sample.ts";

const { mdns, http, nats } = samplePlugins();
const greeter = defineService({ name: "greeter" });

const all = [mdns, http, nats] as const;

// Checked by the type checker; the functions are never called.
const compileTime = {
  async listed() {
    const service = await createService(greeter, { plugins: [consoleLogger, mdns, http] });
    expectTypeOf(service.broker).toEqualTypeOf<SampleBroker>();
    // @ts-expect-error the option belongs to a plugin that is not listed
    await createService(greeter, { plugins: [mdns, http], broker: { jetstream: true } });
    await createService(greeter, { plugins: all, broker: { plugin: "nats", jetstream: true } });
    // @ts-expect-error an option of the one plugin beside the name of the other
    await createService(greeter, { plugins: all, broker: { plugin: "http", jetstream: true } });
    // @ts-expect-error no plugin of that name is listed
    await createService(greeter, { plugins: [mdns, http], broker: { plugin: "nats" } });
    // @ts-expect-error no plugin of that component is listed
    await createService(greeter, { plugins: [mdns, http], cache: {} });
    // @ts-expect-error a number where a list is wanted
    await createService(greeter, { plugins: [mdns, http], broker: { addresses: 5 } });
    // A component's own logger takes the options of the logger plugins that are listed.
    await createService(greeter, {
      plugins: [consoleLogger, mdns, http],
      broker: { logger: { level: "trace", pretty: true } },
    });
    // @ts-expect-error without a logger plugin there is no such section
    await createService(greeter, { plugins: [mdns, http], broker: { logger: { level: "trace" } } });
  },
  async notListed() {
    const service = await createService(greeter, { plugins: [consoleLogger, mdns] });
    // @ts-expect-error no broker plugin is listed
    return service.broker;
  },
  async needs() {
    // A logger can be missing, because its component says what stands in for it.
    await createService(greeter, { plugins: [mdns, http] });
    // @ts-expect-error broker-http needs a registry
    await createService(greeter, { plugins: [consoleLogger, http] });
    const needy = defineService({
      name: "needy",
      needs: [broker],
      handlers: ({ broker: given }) => (given.label ? [] : []),
    });
    await createService(needy, { plugins: [mdns, http] });
    // @ts-expect-error the definition needs a broker
    await createService(needy, { plugins: [mdns] });
  },
  contracts() {
    const contract = defineContract({
      name: "Greeter",
      service: "greeter",
      methods: {
        hello: unary<{ name: string }, { msg: string }>(),
        count: serverStream<{ to: number }, number>(),
        sum: clientStream<number, { total: number }>(),
        chat: bidiStream<string, string>(),
      },
    });
    const implementation: Implementation<typeof contract.methods> = {
      hello: ({ name }) => ({ msg: name }),
      async *count({ to }) {
        yield to;
      },
      async sum(numbers) {
        let total = 0;
        for await (const number of numbers) total += number;
        return { total };
      },
      async *chat(lines) {
        for await (const line of lines) yield line.toUpperCase();
      },
    };
    implement(contract, implementation);
    // @ts-expect-error the reply must be what the contract says
    implement(contract, { ...implementation, hello: () => ({ msg: 5 }) });
    // @ts-expect-error a method without a handler
    implement(contract, { hello: implementation.hello });
  },
  schemas(input: StandardSchema<unknown, { id: number }>, output: StandardSchema<unknown, { ok: boolean }>) {
    const contract = defineContract({
      name: "Stock",
      service: "stock",
      methods: { reserve: unary({ input, output }) },
    });
    implement(contract, {
      reserve: (request) => {
        expectTypeOf(request).toEqualTypeOf<{ id: number }>();
        return { ok: true };
      },
    });
  },
};

describe("compile-time promises", () => {
  test("are checked by the type checker", () => {
    expect(Object.keys(compileTime)).toHaveLength(5);
  });

  test("the error text of a missing need names the plugin and the component", async () => {
    const folder = await mkdtemp(join(import.meta.dirname, "..", ".type-test-"));
    try {
      await writeFile(
        join(folder, "missing.ts"),
        [
          'import { createService, defineService } from "../src/index.ts";',
          'import { broker, samplePlugins } from "../src/testing/sample.ts";',
          "const { http, mdns } = samplePlugins();",
          'await createService(defineService({ name: "a" }), { plugins: [http] });',
          'await createService(defineService({ name: "b", needs: [broker] }), { plugins: [mdns] });',
        ].join("\n"),
      );
      const config = {
        extends: "../../../tooling/tsconfig/base.json",
        compilerOptions: { noEmit: true, composite: false, declaration: false, declarationMap: false },
        include: ["missing.ts"],
      };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
      const tsc = join(import.meta.dirname, "../../../node_modules/typescript/bin/tsc");
      const output = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(
        () => "",
        (error: { stdout: string }) => error.stdout,
      );
      expect(output).toContain("plugin 'broker-http' needs component 'registry': list a plugin for it");
      expect(output).toContain("this service needs component 'broker': list a plugin for it");
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 30_000);
});
