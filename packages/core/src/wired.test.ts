import { describe, expect, expectTypeOf, test } from "vitest";
import { defineService } from "./definition.ts";
import { broker, type SampleBroker, samplePlugins } from "./testing/sample.ts";
import { type Create, type WiredOptions, wireService } from "./wired.ts";

// What generated code does right is tested where it is generated: here, what happens when it does not fit.
const { mdns, http, nats, consoleLogger } = samplePlugins();
const greeter = defineService({ name: "greeter" });
const plugins = [mdns, http, nats, consoleLogger] as const;
type Options = WiredOptions<typeof plugins>;

const wire = (inject: (create: Create) => Promise<void>, options: Options = {}) =>
  wireService(greeter, { plugins, settings: { configFile: false }, options }, inject);

async function complete(create: Create): Promise<void> {
  const logger = await create(consoleLogger);
  const registry = await create(mdns, { logger });
  await create([http, nats], { logger, registry });
}

// Checked by the type checker; never called.
const compileTime = {
  async deps(create: Create) {
    // @ts-expect-error it needs a registry
    await create(http, {});
    // @ts-expect-error it needs a registry, and is given nothing at all
    await create(http);
    // @ts-expect-error that is no registry
    await create(http, { registry: 5 });
    expectTypeOf(await create([http, nats], { registry: { label: "" } })).toEqualTypeOf<SampleBroker>();
  },
  list: () =>
    // @ts-expect-error nothing listed provides the registry
    wireService(greeter, { plugins: [http] }, async () => undefined),
};

describe("generated wiring that does not fit its plugins any more", () => {
  test.each<[string, (create: Create) => Promise<void>, string]>([
    [
      "lacks a component",
      async (create) => {
        await create(mdns, { logger: await create(consoleLogger) });
      },
      "it creates no component 'broker'",
    ],
    [
      "lacks the chosen plugin",
      async (create) => {
        const registry = await create(mdns);
        await create(nats, { registry });
      },
      "it does not create plugin 'broker-http', which is chosen",
    ],
    [
      "does not give what a plugin needs",
      async (create) => {
        await create(consoleLogger);
        await create(mdns);
        await create([http, nats], {} as never);
      },
      "plugin 'broker-http' needs component 'registry' and is not given it",
    ],
    ["names no plugin", async (create) => void (await create([])), "it names a component without a plugin"],
  ])("says that it %s", async (_what, inject, expected) => {
    await expect(wire(inject)).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      detail: `the generated wiring is out of date: ${expected}; run micro wire again`,
    });
  });

  test("is seen by the compiler where types can tell", () => {
    expect(Object.keys(compileTime)).toEqual(["deps", "list"]);
  });
});

describe("options of the call", () => {
  test("are stronger than the composition's, key by key, below a section as well", async () => {
    const service = await wireService(
      greeter,
      {
        plugins,
        settings: {
          configFile: false,
          broker: { poolSize: 3, addresses: ["a"], logger: { level: "warn", pretty: true } },
        },
        options: { broker: { addresses: ["b"], logger: { level: "trace" } } },
      },
      complete,
    );
    expect(service.broker.options).toMatchObject({ poolSize: 3, addresses: ["b"] });
    const found = service.explain().filter(({ from }) => from === "createService");
    expect(Object.fromEntries(found.map(({ key, value }) => [key, value]))).toEqual({
      "broker.addresses": ["b"],
      "broker.logger.level": "trace",
      "broker.logger.pretty": true,
      "broker.pool_size": 3,
    });
    await service.stop();
  });

  test("may take the place of a signal, which is never put together with another one", async () => {
    const [weak, strong] = [new AbortController(), new AbortController()];
    const service = await wireService(
      greeter,
      { plugins, settings: { configFile: false, signal: weak.signal }, options: { signal: strong.signal } },
      complete,
    );
    weak.abort();
    expect(service.signal.aborted).toBe(false);
    strong.abort();
    await service.stop();
    expect(service.state).toBe("stopped");
  });

  test("may be mistaken, and then all problems are told", async () => {
    const options = { brokr: {}, broker: { poolSize: "many" } } as unknown as Options;
    await expect(wire(complete, options)).rejects.toThrow("service 'greeter' cannot start: 2 problems");
  });
});

test("a component is found by what defines it", async () => {
  const service = await wire(complete);
  expect(service.resolve(broker)).toBe(service.broker);
  await service.stop();
});
