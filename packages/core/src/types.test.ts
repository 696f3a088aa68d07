import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import { bidiStream, clientStream, defineContract, serverStream, unary } from "./contract.ts";
import { defineService, type Implementation, implement } from "./definition.ts";
import { createMonolith } from "./monolith.ts";
import { createService } from "./service.ts";
import type { StandardSchema } from "./standard-schema.ts";
import {
  broker,
  consoleLogger,
  type SampleBroker,
  type SampleRegistry,
  samplePlugins,
} from "./testing/sample.ts";

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
  async conditions(on: boolean) {
    const defaults = [consoleLogger, mdns] as const;
    // The conditional part may stand anywhere; what is fixed finds what is fixed, before and after it.
    const middle = await createService(greeter, {
      plugins: [...defaults, ...(on ? [nats] : []), http],
      broker: { plugin: "nats", jetstream: true },
    });
    expectTypeOf(middle.broker).toEqualTypeOf<SampleBroker>();
    expectTypeOf(middle.registry).toEqualTypeOf<SampleRegistry>();
    const last = await createService(greeter, { plugins: [...defaults, http, ...(on ? [nats] : [])] });
    expectTypeOf(last.broker).toEqualTypeOf<SampleBroker>();
    const list = [consoleLogger, ...(on ? [http] : []), mdns] as const;
    const named = await createService(greeter, { plugins: list });
    expectTypeOf(named.broker).toEqualTypeOf<SampleBroker | undefined>();
    expectTypeOf(named.registry).toEqualTypeOf<SampleRegistry>();
    await createService(greeter, {
      plugins: [...defaults, ...(on ? [http] : [])],
      // @ts-expect-error the option belongs to a plugin that is not listed
      broker: { jetstream: true },
    });
    // Which conditional plugins come together no type says: among themselves start-up checks.
    const together = await createService(greeter, { plugins: [consoleLogger, ...(on ? [mdns, http] : [])] });
    expectTypeOf(together.broker).toEqualTypeOf<SampleBroker | undefined>();
    // One of two lists: what both have is there.
    const either = await createService(greeter, { plugins: on ? all : defaults });
    expectTypeOf(either.registry).toEqualTypeOf<SampleRegistry>();
    expectTypeOf(either.broker).toEqualTypeOf<SampleBroker | undefined>();
    // A list whose type forgot what is in it counts as complete.
    const loose = await createService(greeter, { plugins: [mdns, http, nats].filter(() => on) });
    expectTypeOf(loose.broker).toEqualTypeOf<SampleBroker>();
    // @ts-expect-error broker-http needs a registry in any case
    await createService(greeter, { plugins: [consoleLogger, ...(on ? [mdns] : []), http] });
    // @ts-expect-error no plugin of a registry is listed at all
    await createService(greeter, { plugins: [consoleLogger, ...(on ? [http] : [])] });
    // @ts-expect-error one of the two lists has no registry
    await createService(greeter, { plugins: on ? all : ([consoleLogger, http] as const) });
    const needy = defineService({ name: "needy", needs: [broker] });
    await createService(needy, { plugins: [...defaults, ...(on ? [nats] : []), http] });
    // @ts-expect-error the definition needs a broker in any case
    await createService(needy, { plugins: [...defaults, ...(on ? [http] : [])] });
    await createMonolith([greeter], {
      plugins: [...defaults, ...(on ? [nats] : []), http],
      services: { greeter: { broker: { plugin: "http" } } },
    });
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
    expect(Object.keys(compileTime)).toHaveLength(6);
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
          "const on = Math.random() > 0.5;",
          'await createService(defineService({ name: "c" }), { plugins: [...(on ? [mdns] : []), http] });',
          'const d = defineService({ name: "d", needs: [broker] });',
          "await createService(d, { plugins: [mdns, ...(on ? [http] : [])] });",
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
      expect(output).toContain("this service needs component 'broker': list a plugin for it\"");
      expect(output).toContain(
        "plugin 'broker-http' needs component 'registry': list a plugin for it without a condition",
      );
      expect(output).toContain(
        "this service needs component 'broker': list a plugin for it without a condition",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
