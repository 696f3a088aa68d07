import { describe, expect, test } from "vitest";
import { within } from "./conformance.ts";
import { defineService } from "./definition.ts";
import { createMonolith, type Monolith } from "./monolith.ts";
import type { AnyPlugin } from "./plugin.ts";
import { failureOf, never, type PartBehaviour, parts, untilAborted } from "./testing/life.ts";
import { consoleLogger, type LabelledLogger, samplePlugins } from "./testing/sample.ts";

const names = ["orders", "stock", "payments"] as const;
const definitions = names.map((name) => defineService({ name }));

const create = (plugins: readonly AnyPlugin[], options: object = {}): Promise<Monolith<readonly never[]>> =>
  createMonolith(definitions, { plugins, configFile: false, ...options } as never);

/** Parts that know whose they are: behaviours by service. */
function partsOf(journal: string[], behaviours: Readonly<Record<string, PartBehaviour>> = {}) {
  return parts(journal, { order: ["part"] as const }).map((plugin) => ({
    ...plugin,
    create: async (context: Parameters<typeof plugin.create>[0]) => {
      const { name } = context.scope;
      const say = (what: string) => void journal.push(`${what} ${name}`);
      const own = behaviours[name] ?? {};
      await own.create?.(context);
      return {
        start: async (options: never) => {
          say("start");
          await own.start?.(options);
        },
        drain: async (options: never) => {
          say("drain");
          await own.drain?.(options);
        },
        stop: async (options: never) => {
          say("stop");
          await own.stop?.(options);
        },
      };
    },
  }));
}

describe("a monolith", () => {
  test("a creation that fails in the middle stops what was made and keeps its error", async () => {
    const journal: string[] = [];
    const plugins = partsOf(journal, {
      orders: { stop: () => Promise.reject(new Error("stuck")) },
      stock: { create: () => Promise.reject(new Error("no license")) },
    });
    const error = await failureOf<AggregateError>(create(plugins));
    expect(error.message).toBe(
      "creating 'part' with plugin 'sample': no license; and the services made before did not stop cleanly",
    );
    expect(error.errors).toHaveLength(2);
    expect(journal).toEqual(["stop orders"]);
  });

  test("a start that fails in the middle stops those before it in reverse, and those after it as well", async () => {
    const journal: string[] = [];
    const plugins = partsOf(journal, { stock: { start: () => Promise.reject(new Error("port taken")) } });
    const monolith = await create(plugins);
    await expect(monolith.run()).rejects.toThrow("starting 'part': port taken");
    // The one that failed stops by itself at once, the others in order.
    expect(journal.filter((entry) => !entry.endsWith("stock"))).toEqual([
      "start orders",
      "stop payments",
      "drain orders",
      "stop orders",
    ]);
    expect(journal.filter((entry) => entry.endsWith("stock"))).toEqual([
      "start stock",
      "drain stock",
      "stop stock",
    ]);
    expect(monolith.services.map(({ state }) => state)).toEqual(["stopped", "stopped", "stopped"]);
  });

  test("a stop that fails in the middle goes on and tells", async () => {
    const journal: string[] = [];
    const plugins = partsOf(journal, { stock: { stop: () => Promise.reject(new Error("stuck")) } });
    const monolith = await create(plugins);
    await monolith.start();
    await expect(monolith.stop()).rejects.toThrow(
      "1 service(s) of the monolith did not stop cleanly: service 'stock' stopped with 1 failure(s): stopping 'part': stuck",
    );
    expect(journal.slice(3)).toEqual([
      "drain payments",
      "stop payments",
      "drain stock",
      "stop stock",
      "drain orders",
      "stop orders",
    ]);
  });

  test("one time is for all of them, and a more urgent stop shortens it without leaving the order", async () => {
    const journal: string[] = [];
    const plugins = partsOf(journal, { payments: { drain: never }, stock: { drain: never } });
    const monolith = await create(plugins);
    await monolith.start();
    const begin = performance.now();
    const stopping = failureOf(monolith.stop({ graceMs: 60_000 }));
    await new Promise((resolve) => setImmediate(resolve));
    const urgent = failureOf(monolith.stop({ graceMs: 0 }));
    expect(await within("stop", stopping)).toBe(await urgent);
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(journal.filter((entry) => entry.startsWith("stop"))).toEqual([
      "stop payments",
      "stop stock",
      "stop orders",
    ]);
  });

  test("its signal stops the services in order, also while they start, and run ends well", async () => {
    const journal: string[] = [];
    const abort = new AbortController();
    const plugins = partsOf(journal, { stock: { start: ({ signal }) => untilAborted(signal) } });
    const monolith = await create(plugins, { signal: abort.signal });
    const running = monolith.run();
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await within("run", running);
    expect(journal).toEqual([
      "start orders",
      "start stock",
      "stop payments",
      "drain stock",
      "stop stock",
      "drain orders",
      "stop orders",
    ]);
    await within("a run after the end", monolith.run());
  });

  test("its signal gives up creating", async () => {
    const journal: string[] = [];
    const abort = new AbortController();
    const plugins = partsOf(journal, {
      stock: {
        create: ({ signal }) => {
          queueMicrotask(() => abort.abort(new Error("no longer wanted")));
          return untilAborted(signal);
        },
      },
    });
    await expect(create(plugins, { signal: abort.signal })).rejects.toThrow("no longer wanted");
    expect(journal).toEqual(["stop orders"]);
  });

  test("one service that stops takes the others along", async () => {
    const journal: string[] = [];
    const monolith = await create(partsOf(journal));
    const running = monolith.run();
    await monolith.start();
    await monolith.services[1]?.stop();
    await within("run", running);
    expect(journal.filter((entry) => entry.startsWith("stop")).sort()).toEqual([
      "stop orders",
      "stop payments",
      "stop stock",
    ]);
  });

  test("names that are not there are one error that lists them", async () => {
    const { mdns } = samplePlugins();
    const error = await failureOf(
      create([mdns], { services: { stok: {} }, shared: ["registri"], configFile: false }),
    );
    expect(error.message).toBe(
      [
        "service 'monolith' cannot start: 2 problems",
        "  createMonolith: 'stok' of 'services' is not there; there are orders, stock, payments",
        "      did you mean 'stock'?",
        "  createMonolith: 'registri' of 'shared' is not there; there are registry",
        "      did you mean 'registry'?",
      ].join("\n"),
    );
    await expect(create(undefined as never)).rejects.toThrow("option 'plugins' must be a list of plugins");
  });

  test("what is shared and switched off is switched off for all", async () => {
    const { mdns } = samplePlugins();
    const monolith = await createMonolith(definitions, {
      plugins: [mdns],
      configFile: false,
      shared: ["registry"],
      registry: { enabled: false },
    });
    expect(() => monolith.service("stock").registry).toThrow("switched off by createService");
    await monolith.stop();
  });

  test("options of one service go over those of all, key by key, in sections below sections, too", async () => {
    const { mdns, http } = samplePlugins();
    const monolith = await createMonolith(definitions, {
      plugins: [mdns, http, consoleLogger],
      configFile: false,
      broker: { poolSize: 2, addresses: ["a"], logger: { level: "trace" } },
      services: { stock: { broker: { addresses: ["b"], logger: { pretty: true } } } },
    });
    const { options, logger } = monolith.service("stock").broker;
    expect(options).toMatchObject({ poolSize: 2, addresses: ["b"] });
    expect((logger as LabelledLogger).label).toBe("trace/broker");
    expect(monolith.service("orders").broker.options).toMatchObject({ poolSize: 2, addresses: ["a"] });
    await monolith.stop();
  });
});
