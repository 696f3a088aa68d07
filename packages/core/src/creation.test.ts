import { describe, expect, test } from "vitest";
import { defineComponent } from "./component.ts";
import { within } from "./conformance.ts";
import { defineService, handle, subscribe } from "./definition.ts";
import { type AnyPlugin, definePlugin, type Lifecycle } from "./plugin.ts";
import { createService } from "./service.ts";
import type { ServiceCore } from "./service-types.ts";
import { failureOf, never, parts, untilAborted } from "./testing/life.ts";
import {
  broker,
  cli,
  consoleLogger,
  type LabelledLogger,
  logger,
  registry,
  samplePlugins,
} from "./testing/sample.ts";

const sample = defineService({ name: "sample" });
const order = ["first", "second", "third"] as const;

const create = (plugins: readonly AnyPlugin[], options: object = {}): Promise<ServiceCore> =>
  createService(sample, { plugins, configFile: false, ...options } as never);

describe("creating", () => {
  test("that never ends is given up, names the plugin, and what was made is stopped", async () => {
    const journal: string[] = [];
    let scopeEnded = false;
    const plugins = parts(journal, {
      order,
      first: {
        create: ({ scope }) => scope.signal.addEventListener("abort", () => (scopeEnded = true)),
      },
      second: { create: never },
    });
    const error = await within("creation", failureOf(create(plugins, { startTimeoutMs: 50 })));
    expect(error).toMatchObject({
      code: "TIMEOUT",
      detail: "creating 'second' with plugin 'sample' took longer than 50 ms (option startTimeoutMs)",
    });
    expect(journal).toEqual(["create first", "create second", "stop first"]);
    expect(scopeEnded).toBe(true);
  });

  test("that comes back after it was given up is stopped then", async () => {
    const journal: string[] = [];
    const release = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const plugins = parts(journal, {
      order: ["first"],
      first: { create: () => release.promise, stop: () => stopped.resolve() },
    });
    await failureOf(create(plugins, { startTimeoutMs: 20 }));
    release.resolve();
    await within("late stop", stopped.promise);
    expect(journal).toEqual(["create first", "stop first"]);
  });

  test("is given up when its signal aborts, with the reason of the signal", async () => {
    const journal: string[] = [];
    const abort = new AbortController();
    const begun = Promise.withResolvers<void>();
    const plugins = parts(journal, {
      order,
      second: {
        create: ({ signal }) => {
          begun.resolve();
          return untilAborted(signal);
        },
      },
    });
    const creating = failureOf(create(plugins, { signal: abort.signal }));
    await begun.promise;
    const reason = new Error("no longer wanted");
    abort.abort(reason);
    expect(await within("creation", creating)).toBe(reason);
    expect(journal).toEqual(["create first", "create second", "stop first"]);
    expect(await failureOf(create(plugins, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test("a part that made nothing is an error at once", async () => {
    const empty = definePlugin(registry, { name: "empty", create: () => undefined as never });
    await expect(create([empty])).rejects.toThrow(
      "creating 'registry' with plugin 'empty': it made nothing: does it return?",
    );
  });

  test("what cannot be stopped after a failure is told beside the failure", async () => {
    const plugins = parts([], {
      order: ["first", "second"],
      first: { stop: () => Promise.reject(new Error("stuck")) },
      second: { create: () => Promise.reject(new Error("no license")) },
    });
    const error = await failureOf<AggregateError>(create(plugins));
    expect(error.message).toBe(
      "creating 'second' with plugin 'sample': no license; and what was made before could not be stopped: stopping 'first': stuck",
    );
    expect(error.errors).toHaveLength(2);
  });

  test("of several instances: those made before one that fails, or before they cannot be joined, are stopped", async () => {
    const journal: string[] = [];
    let joins = false;
    const many = defineComponent<Lifecycle>()({
      name: "many",
      description: "Several at once",
      config: {},
      multiple: true,
      assemble: () => {
        if (!joins) throw new Error("they do not fit");
        return { start: () => void journal.push("start all"), stop: () => void journal.push("stop all") };
      },
    });
    const one = (name: string, fails = false) =>
      definePlugin(many, {
        name,
        create: () => {
          if (fails) throw new Error("broken");
          return { stop: () => void journal.push(`stop ${name}`) };
        },
      });
    await expect(create([one("a"), one("b", true)])).rejects.toThrow(
      "creating 'many' with plugin 'b': broken",
    );
    expect(journal.splice(0)).toEqual(["stop a"]);
    await expect(create([one("a"), one("c")])).rejects.toThrow("assembling 'many': they do not fit");
    expect(journal.splice(0)).toEqual(["stop c", "stop a"]);
    joins = true;
    const service = await create([one("a"), one("c")]);
    await service.start();
    await service.stop();
    expect(journal).toEqual(["start all", "stop all"]); // the life of the whole takes the place of the parts'
  });

  test("handlers that cannot be made stop what was made", async () => {
    const journal: string[] = [];
    const plugins = parts(journal, { order: ["first"] });
    const broken = defineService({
      name: "broken",
      handlers: () => {
        throw new Error("no handlers today");
      },
    });
    await expect(createService(broken, { plugins, configFile: false } as never)).rejects.toThrow(
      "making the handlers of 'broken': no handlers today",
    );
    expect(journal).toEqual(["create first", "stop first"]);
  });
});

describe("a definition", () => {
  test("with one endpoint twice, or with what is no binding, is refused", async () => {
    const twice = defineService({
      name: "twice",
      handlers: [handle("A.B", () => 1), handle("A.B", () => 2), {} as never, handle("", () => 3)],
      subscribers: [undefined as never, subscribe(undefined as never, () => undefined)],
    });
    const error = await failureOf(createService(twice, { plugins: [], configFile: false }));
    expect(error.message.split("\n").slice(1)).toEqual([
      "  handlers[1]: endpoint 'A.B' has a handler already",
      "      implement each contract once",
      "  handlers[2]: this is no binding",
      "      list what implement() or handle() returned",
      "  handlers[3]: this is no binding",
      "      list what implement() or handle() returned",
      "  subscribers[0]: this is no binding",
      "      list what subscribe() returned",
      "  subscribers[1]: this is no binding",
      "      list what subscribe() returned",
    ]);
  });

  test("is given what stands in for a component that it needs and nobody provides", async () => {
    let level: string | undefined;
    const logging = defineService({
      name: "logging",
      needs: [logger],
      handlers: ({ logger: given }) => {
        level = given.level;
        return [];
      },
    });
    await createService(logging, { plugins: [samplePlugins().mdns], configFile: false });
    expect(level).toBe("fatal");
  });

  test("that defineService has not seen has its name checked all the same", async () => {
    await expect(createService({ name: "a b" }, { plugins: [], configFile: false })).rejects.toThrow(
      "createService: service name 'a b' must be letters, digits",
    );
  });
});

describe("a service", () => {
  test("gets the stand-in of a component that is switched off, and its plugins do, too", async () => {
    const { mdns, http } = samplePlugins();
    const service = await createService(sample, {
      plugins: [mdns, http, consoleLogger],
      configFile: false,
      logger: { enabled: false },
    });
    expect(service.logger.isEnabled("fatal")).toBe(false);
    expect((service.broker.logger as LabelledLogger).label).toBeUndefined();
    expect(service.resolve(logger)).toBe(service.logger);
  });

  test("names who switched a component off, however it is asked for", async () => {
    const { mdns } = samplePlugins();
    const service = await createService(sample, {
      plugins: [mdns],
      configFile: false,
      registry: { enabled: false },
    });
    expect(() => service.registry).toThrow("component 'registry' is switched off by createService");
    expect(() => service.resolve(registry)).toThrow("component 'registry' is switched off by createService");
    expect(() => service.resolve(broker)).toThrow("service 'sample' has no component 'broker'");
  });

  test("refuses options that make no sense, and instances of what is not listed", async () => {
    const { mdns } = samplePlugins();
    const where = "createService";
    const problems = async (options: object) =>
      (await failureOf(create([mdns], options))) as unknown as { problems: readonly unknown[] };
    expect((await problems({ startTimeoutMs: 0, signal: "now" })).problems).toEqual([
      { where, message: 'signal must be an AbortSignal, not "now"' },
      { where, message: "startTimeoutMs must be a number above 0, not 0" },
    ]);
    expect((await problems({ instances: { brokr: {} } })).problems).toEqual([
      {
        where,
        message: "an instance of 'brokr' is given, and no plugin of it is listed",
        hint: "list a plugin of the component",
      },
    ]);
  });

  test("that waits for ever may say so", async () => {
    const service = await create(parts([], { order: ["first"] }), {
      startTimeoutMs: Number.POSITIVE_INFINITY,
    });
    await service.start();
    await service.stop();
  });
});

describe("a source of configuration", () => {
  test("has a life like any component, and a scope without surprises", async () => {
    const journal: string[] = [];
    let seen: unknown;
    const source = definePlugin(cli, {
      name: "vault",
      create: ({ scope }) => {
        seen = [scope.name, scope.version, scope.handlers, scope.logger.level];
        return {
          readConfig: async () => ({ settings: [], problems: [] }),
          start: () => void journal.push("start"),
          stop: () => void journal.push("stop"),
        };
      },
    });
    const service = await create([source]);
    await service.start();
    await service.stop();
    expect(seen).toEqual(["sample", "latest", [], "fatal"]);
    expect(journal).toEqual(["start", "stop"]);
  });

  test("that fails, hangs or is somebody else's", async () => {
    const failing = definePlugin(cli, {
      name: "vault",
      create: () => ({ readConfig: () => Promise.reject(new Error("sealed")) }),
    });
    await expect(create([failing])).rejects.toThrow("reading configuration with 'cli-vault': sealed");
    const hanging = definePlugin(cli, { name: "vault", create: () => ({ readConfig: never }) });
    await expect(create([hanging], { startTimeoutMs: 20 })).rejects.toThrow(
      "reading configuration with 'cli-vault' took longer than 20 ms",
    );
    const asked: string[] = [];
    const own = {
      readConfig: async ({ service }: { service: { name: string } }) => {
        asked.push(service.name);
        return { settings: [], problems: [] };
      },
    };
    await create([failing], { instances: { cli: own } });
    expect(asked).toEqual(["sample"]);
  });
});
