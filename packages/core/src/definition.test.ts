import { describe, expect, test } from "vitest";
import type { CallContext } from "./call.ts";
import { defineComponent } from "./component.ts";
import { bidiStream, defineContract, endpointName, serverStream, unary } from "./contract.ts";
import { defineService, handle, implement, subscribe } from "./definition.ts";
import { inject, injectable } from "./di.ts";
import { option } from "./option.ts";
import { definePlugin } from "./plugin.ts";
import { createService } from "./service.ts";
import { broker, registry, type SampleBroker, samplePlugins } from "./testing/sample.ts";

const context = {} as CallContext;

describe("a contract", () => {
  const contract = defineContract({
    name: "Greeter",
    service: "greeter",
    methods: {
      hello: unary<{ name: string }, string>({ idempotent: true }),
      count: serverStream<number, number>(),
      chat: bidiStream<string, string>({ name: "Talk" }),
    },
  });

  test("gives its methods names of the wire", () => {
    expect(Object.keys(contract.methods).map((key) => endpointName(contract, key))).toEqual([
      "Greeter.Hello",
      "Greeter.Count",
      "Greeter.Talk",
    ]);
  });

  test.each(["Greet-er", "", "a.b", "1a"])("refuses '%s', which would not route", (name) => {
    expect(() => defineContract({ name, service: "s", methods: {} })).toThrow("must be an identifier");
    expect(() => defineContract({ name: "A", service: "s", methods: { x: unary({ name }) } })).toThrow(
      "must be an identifier",
    );
  });

  test("refuses two methods of one name on the wire", () => {
    const methods = { hello: unary(), greet: unary({ name: "Hello" }) };
    expect(() => defineContract({ name: "Greeter", service: "greeter", methods })).toThrow(
      "contract 'Greeter': methods 'hello' and 'greet' are both 'Greeter.Hello' on the wire",
    );
  });

  test("is implemented by an object or an instance, whose methods keep their this", () => {
    class Greeter {
      readonly #greeting = "Hello";
      hello({ name }: { name: string }) {
        return `${this.#greeting} ${name}`;
      }
      async *count(to: number) {
        for (let i = 1; i <= to; i++) yield i;
      }
      chat(lines: AsyncIterable<string>) {
        return lines;
      }
    }
    const bindings = implement(contract, new Greeter());
    expect(bindings.map(({ endpoint, method }) => [endpoint, method.kind, method.idempotent])).toEqual([
      ["Greeter.Hello", "unary", true],
      ["Greeter.Count", "serverStream", false],
      ["Greeter.Talk", "bidiStream", false],
    ]);
    expect(bindings[0]?.invoke({ name: "Ada" } as never, context)).toBe("Hello Ada");
    expect(() => implement(contract, { hello: () => "" } as never)).toThrow(
      "implement 'Greeter': method 'count' has no handler",
    );
  });
});

describe("a service definition", () => {
  test.each(["", "a b", "-a", "a/b", "ä"])("refuses the name '%s'", (name) => {
    expect(() => defineService({ name })).toThrow(`service name '${name}' must be letters`);
  });

  test("hands its handlers, subscribers and middleware to the plugins, nested lists flat, in order", async () => {
    const layer = (next: unknown) => next as never;
    let scope: unknown;
    const plugin = definePlugin(registry, {
      name: "looking",
      create: (given) => ({
        label: "",
        start: () => {
          const { handlers, subscribers, middleware, metadata, plugins } = given.scope;
          scope = {
            handlers: handlers.map(({ endpoint }) => endpoint),
            topics: subscribers.map(({ topic, queue }) => [topic, queue]),
            middleware: middleware.handler.length,
            metadata,
            plugins,
          };
        },
      }),
    });
    const definition = defineService({
      name: "all",
      needs: [registry],
      metadata: { zone: "a" },
      handlers: ({ registry: given }) => [
        handle(`A.${given.label}X`, () => 1),
        [handle("B.Y", () => 2, { idempotent: true }), handle("B.Z", () => 3)].flat(),
      ],
      subscribers: [subscribe("topic", () => undefined, { queue: "q" })],
      middleware: [layer],
    });
    const service = await createService(definition, {
      plugins: [plugin],
      configFile: false,
      middleware: { handler: [layer] },
    });
    await service.start();
    await service.stop();
    expect(scope).toEqual({
      handlers: ["A.X", "B.Y", "B.Z"],
      topics: [["topic", "q"]],
      middleware: 2,
      metadata: { zone: "a" },
      plugins: { registry: "looking" },
    });
  });
});

describe("a component", () => {
  test.each(["name", "stop", "then", "constructor", "hooks", "plugin", "help"])(
    "cannot have the name '%s', which is taken",
    (name) => {
      const define = () => defineComponent()({ name, description: "", config: {} });
      expect(define).toThrow(`component name '${name}' is taken by core`);
    },
  );

  test.each(["Broker", "my-part", "1st", ""])("cannot have the malformed name '%s'", (name) => {
    expect(() => defineComponent()({ name, description: "", config: {} })).toThrow("must be lower case");
  });

  test("has options and nothing else for its configuration", () => {
    const define = (config: unknown) => () =>
      defineComponent()({ name: "part", description: "", config } as never);
    expect(define(undefined)).toThrow("component 'part': 'config' is missing");
    expect(define({ size: 5 })).toThrow("component 'part': option 'size' is not made by option.…");
    expect(define({ size: null })).toThrow(TypeError);
  });
});

describe("a plugin", () => {
  const create = () => ({ label: "" });
  test.each([
    [
      "no component",
      () => definePlugin(undefined as unknown as typeof registry, { name: "a", create }),
      "undefined: do two modules",
    ],
    [
      "another component",
      () => definePlugin({} as unknown as typeof registry, { name: "a", create }),
      "not what defineComponent",
    ],
    ["a malformed name", () => definePlugin(registry, { name: "A", create }), "must be lower case"],
    ["no name", () => definePlugin(registry, { create } as never), "must be lower case"],
    [
      "what is no option",
      () => definePlugin(registry, { name: "a", config: { size: 5 } as never, create }),
      "plugin 'registry-a': option 'size' is not made by option.…",
    ],
    ["a malformed alias", () => definePlugin(registry, { name: "a", aliases: ["B"], create }), "lower case"],
    ["one name twice", () => definePlugin(registry, { name: "a", aliases: ["a"], create }), "given twice"],
    [
      "a need that is none",
      () => definePlugin(registry, { name: "a", needs: [undefined as never], create }),
      "plugin 'registry-a': need 0 is undefined: do two modules import each other?",
    ],
    ["no create", () => definePlugin(registry, { name: "a" } as never), "'create' must be a function"],
    [
      "an option of its component",
      () =>
        definePlugin(registry, { name: "a", config: { ttl: option.string({ description: "" }) }, create }),
      "option 'ttl' is an option of the component already",
    ],
  ])("with %s is refused where it is defined", (_what, define, message) => {
    expect(define).toThrow(TypeError);
    expect(define).toThrow(message);
  });
});

test("a class is injected with a component itself, and registered once per service when it says so", async () => {
  class Audit {
    readonly broker: SampleBroker;
    constructor(given: SampleBroker) {
      this.broker = given;
    }
  }
  inject(broker)(Audit, undefined, 0);
  injectable()(Audit);
  const { mdns, http } = samplePlugins();
  const options = { plugins: [mdns, http], configFile: false } as const;
  const [one, two] = [
    await createService(defineService({ name: "one" }), options),
    await createService(defineService({ name: "two" }), options),
  ];
  one.container.registerSingleton(Audit);
  expect(one.resolve(Audit)).toBe(one.resolve(Audit));
  expect(one.resolve(Audit).broker).toBe(one.broker);
  expect(two.resolve(Audit)).not.toBe(two.resolve(Audit));
  expect(two.resolve(Audit).broker).toBe(two.broker);
});
