import { describe, expect, test } from "vitest";
import { defineService } from "./definition.ts";
import { inject, injectable } from "./di.ts";
import { createMonolith } from "./monolith.ts";
import { definePlugin } from "./plugin.ts";
import { createService } from "./service.ts";
import {
  broker,
  consoleLogger,
  type Journal,
  registry,
  type SampleBroker,
  samplePlugins,
} from "./testing/sample.ts";

const greeter = defineService({ name: "greeter" });

describe("life", () => {
  test("starts in dependency order and stops backwards, hooks around", async () => {
    const journal: Journal = [];
    const { mdns, http } = samplePlugins(journal);
    const hook = (name: string) => () => void journal.push(name);
    const service = await createService(greeter, {
      plugins: [http, mdns, consoleLogger],
      hooks: {
        beforeStart: hook("beforeStart"),
        afterStart: [hook("afterStart 1"), hook("afterStart 2")],
        beforeStop: hook("beforeStop"),
        afterStop: hook("afterStop"),
      },
    });
    await service.start();
    expect(service.state).toBe("running");
    await Promise.all([service.stop(), service.stop()]);
    await service.stop();
    expect(service.state).toBe("stopped");
    expect(journal).toEqual([
      "beforeStart",
      "start registry",
      "start broker",
      "afterStart 1",
      "afterStart 2",
      "beforeStop",
      "drain broker",
      "drain registry",
      "stop broker",
      "stop registry",
      "afterStop",
    ]);
    await expect(service.start()).resolves.toBeUndefined(); // the start that was
  });

  test("stop goes on when steps fail and reports all of them", async () => {
    const journal: Journal = [];
    const { mdns } = samplePlugins(journal);
    const failing = definePlugin(broker, {
      name: "failing",
      needs: [registry],
      create: () => ({ stop: () => Promise.reject(new Error("socket")) }) as unknown as SampleBroker,
    });
    const service = await createService(greeter, {
      plugins: [failing, mdns],
      hooks: { beforeStop: () => Promise.reject(new Error("hook")) },
    });
    await service.start();
    const error = await service.stop().then(
      () => undefined,
      (reason: AggregateError) => reason,
    );
    expect(error).toBeInstanceOf(AggregateError);
    expect(error?.message).toMatch(/hook beforeStop\[0\]: hook; stopping 'broker': socket/);
    expect(journal).toEqual(["start registry", "drain registry", "stop registry"]);
  });

  test("stop is bounded in time even when a step never ends", async () => {
    const { mdns } = samplePlugins();
    const hanging = definePlugin(broker, {
      name: "hanging",
      create: () => ({ drain: () => new Promise<void>(() => undefined) }) as unknown as SampleBroker,
    });
    const service = await createService(greeter, { plugins: [hanging, mdns] });
    await service.start();
    const begin = performance.now();
    await expect(service.stop({ graceMs: 100 })).rejects.toThrow(/draining 'broker' took longer than/);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test("a start that fails stops what was started and says which part it was", async () => {
    const journal: Journal = [];
    const { mdns } = samplePlugins(journal);
    const failing = definePlugin(broker, {
      name: "failing",
      needs: [registry],
      create: () => ({ start: () => Promise.reject(new Error("port taken")) }) as unknown as SampleBroker,
    });
    const service = await createService(greeter, { plugins: [failing, mdns] });
    await expect(service.start()).rejects.toThrow("starting 'broker': port taken");
    expect(service.state).toBe("stopped");
    expect(journal).toEqual(["start registry", "drain registry", "stop registry"]);
  });

  test("a creation that fails gives back what was made and names the plugin", async () => {
    const journal: Journal = [];
    const { mdns } = samplePlugins(journal);
    const failing = definePlugin(broker, {
      name: "failing",
      needs: [registry],
      create: () => {
        throw new Error("no license");
      },
    });
    await expect(createService(greeter, { plugins: [failing, mdns] })).rejects.toThrow(
      "creating 'broker' with plugin 'failing': no license",
    );
    expect(journal).toEqual(["stop registry"]);
  });

  test("stops by AbortSignal and at the end of `await using`", async () => {
    const journal: Journal = [];
    const { mdns } = samplePlugins(journal);
    const abort = new AbortController();
    const service = await createService(greeter, { plugins: [mdns], signal: abort.signal });
    const running = service.run();
    await service.start();
    abort.abort();
    await running;
    expect(journal).toEqual(["start registry", "drain registry", "stop registry"]);
    const disposed = await createService(greeter, { plugins: [mdns] });
    await disposed[Symbol.asyncDispose]();
    expect(disposed.state).toBe("stopped");
  });

  test("leaves no signal listener behind", async () => {
    const before = process.listenerCount("SIGTERM");
    const { mdns } = samplePlugins();
    const service = await createService(greeter, { plugins: [mdns] });
    const running = service.run();
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    await service.stop();
    await running;
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });

  test("a thousand services come and go without a trace", async () => {
    const { mdns, http } = samplePlugins();
    const plugins = [mdns, http, consoleLogger] as const;
    const resources = () => process.getActiveResourcesInfo().length;
    const before = resources();
    for (let i = 0; i < 1000; i++) {
      const service = await createService(greeter, { plugins, configFile: false });
      await service.start();
      await service.stop();
    }
    expect(resources()).toBeLessThanOrEqual(before + 2);
  });
});

describe("injection", () => {
  test("a class gets components by constructor, without decorators in its file", async () => {
    const { mdns, http } = samplePlugins();
    class Audit {
      readonly broker: SampleBroker;
      constructor(given: SampleBroker) {
        this.broker = given;
      }
    }
    inject(broker.token)(Audit, undefined, 0);
    injectable()(Audit);
    const service = await createService(greeter, { plugins: [mdns, http] });
    expect(service.resolve(Audit).broker).toBe(service.broker);
    await service.stop();
  });

  test("a component that is not there is named", async () => {
    const { mdns } = samplePlugins();
    const service = await createService(greeter, { plugins: [mdns] });
    expect(() => service.resolve(broker)).toThrow(
      "service 'greeter' has no component 'broker': list a plugin for it",
    );
    await service.stop();
  });

  test("an instance of somebody else is used and neither started nor stopped", async () => {
    const journal: Journal = [];
    const { mdns, http } = samplePlugins(journal);
    const service = await createService(greeter, {
      plugins: [mdns, http],
      instances: { registry: { label: "mine" } },
    });
    await service.start();
    await service.stop();
    expect(service.broker.registry.label).toBe("mine");
    expect(journal).toEqual(["start broker", "drain broker", "stop broker"]);
  });
});

describe("monolith", () => {
  test("shares what is said to be shared; the first service owns it and stops last", async () => {
    const journal: Journal = [];
    const { mdns, http } = samplePlugins(journal);
    const monolith = await createMonolith(
      [defineService({ name: "orders" }), defineService({ name: "stock" })],
      {
        plugins: [mdns, http],
        shared: ["registry"],
        services: { stock: { broker: { poolSize: 9 } } },
      },
    );
    const [orders, stock] = monolith.services;
    expect(orders?.registry).toBe(stock?.registry);
    expect(orders?.broker).not.toBe(stock?.broker);
    expect(monolith.service("stock").broker.options).toMatchObject({ poolSize: 9 });
    expect(() => monolith.service("nope")).toThrow("there are orders, stock");
    await monolith.start();
    await monolith.stop();
    expect(journal.filter((entry) => entry.includes("registry"))).toEqual([
      "start registry",
      "drain registry",
      "stop registry",
    ]);
    expect(journal.at(-1)).toBe("stop registry");
  });
});
