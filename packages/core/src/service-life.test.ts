import { describe, expect, test } from "vitest";
import { within } from "./conformance.ts";
import { defineService } from "./definition.ts";
import type { AnyPlugin } from "./plugin.ts";
import { createService } from "./service.ts";
import type { Hooks, ServiceCore } from "./service-types.ts";
import { failureOf, never, parts, untilAborted } from "./testing/life.ts";

const sample = defineService({ name: "sample" });
const order = ["first", "second", "third"] as const;

const create = (plugins: readonly AnyPlugin[], options: object = {}): Promise<ServiceCore> =>
  createService(sample, { plugins, configFile: false, ...options } as never);

const hooks = (journal: string[], failing?: keyof Hooks): Hooks =>
  Object.fromEntries(
    (["beforeStart", "afterStart", "beforeStop", "afterStop"] as const).map((point) => [
      point,
      ({ state }: ServiceCore) => {
        journal.push(`${point} (${state})`);
        if (point === failing) throw new Error(`${point} broke`);
      },
    ]),
  );

describe("a hook that fails", () => {
  test("beforeStart: nothing starts, everything made is given back", async () => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }), {
      hooks: hooks(journal, "beforeStart"),
    });
    await expect(service.start()).rejects.toThrow("beforeStart broke");
    expect(service.state).toBe("stopped");
    expect(journal).toEqual([
      "create first",
      "beforeStart (starting)",
      "beforeStop (stopping)",
      "stop first",
      "afterStop (stopping)",
    ]);
  });

  test("afterStart: the service is stopped again", async () => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }), {
      hooks: hooks(journal, "afterStart"),
    });
    await expect(service.start()).rejects.toThrow("afterStart broke");
    expect(journal.slice(2)).toEqual([
      "start first",
      "afterStart (running)",
      "beforeStop (stopping)",
      "drain first",
      "stop first",
      "afterStop (stopping)",
    ]);
    await expect(service.run()).rejects.toThrow("afterStart broke");
  });

  test.each(["beforeStop", "afterStop"] as const)("%s: all steps run and stop tells", async (point) => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }), { hooks: hooks(journal, point) });
    await service.start();
    const error = await failureOf<AggregateError>(service.stop());
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.message).toBe(
      `service 'sample' stopped with 1 failure(s): hook ${point}[0]: ${point} broke`,
    );
    expect(error.errors).toEqual([new Error(`${point} broke`)]);
    expect(journal.slice(-4)).toEqual([
      "beforeStop (stopping)",
      "drain first",
      "stop first",
      "afterStop (stopping)",
    ]);
    expect(service.state).toBe("stopped");
  });
});

describe("a start", () => {
  test("that its own hook stops runs the hooks of stopping: what beforeStart opened is closed", async () => {
    const journal: string[] = [];
    const stopping = {
      ...hooks(journal),
      beforeStart: (service: ServiceCore) => {
        journal.push("beforeStart");
        void service.stop();
      },
    };
    const service = await create(parts(journal, { order: ["first"] }), { hooks: stopping });
    await expect(service.start()).rejects.toMatchObject({ code: "CANCELLED" });
    expect(journal).toEqual([
      "create first",
      "beforeStart",
      "beforeStop (stopping)",
      "stop first",
      "afterStop (stopping)",
    ]);
  });

  test("that hangs is given up after startTimeoutMs, names the part and the option, and is stopped", async () => {
    const journal: string[] = [];
    const plugins = parts(journal, { order, second: { start: ({ signal }) => untilAborted(signal) } });
    const service = await create(plugins, { startTimeoutMs: 50 });
    const error = await within("start", failureOf(service.start()));
    expect(error).toMatchObject({
      code: "TIMEOUT",
      detail: "starting 'second' took longer than 50 ms (option startTimeoutMs)",
    });
    expect(journal.slice(3)).toEqual([
      "start first",
      "start second",
      "drain second",
      "drain first",
      "stop third",
      "stop second",
      "stop first",
    ]);
    expect(service.state).toBe("stopped");
    expect(await failureOf(service.start())).toBe(error);
  });

  test("that does not even listen to its signal is stopped again when it comes back", async () => {
    const journal: string[] = [];
    const release = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    let stops = 0;
    const plugins = parts(journal, {
      order: ["first"],
      first: {
        start: () => release.promise,
        stop: () => {
          if (++stops === 2) stopped.resolve();
        },
      },
    });
    const service = await create(plugins, { startTimeoutMs: 20 });
    const error = await within("start", failureOf<AggregateError>(service.start()));
    expect(error.message).toContain("starting 'first' took longer than 20 ms");
    expect(error.message).toContain("waiting for 'first' to give up starting took longer than");
    expect(stops).toBe(1);
    release.resolve();
    await within("second stop", stopped.promise);
  });

  test("a hook that hangs is named, too", async () => {
    const service = await create(parts([], { order: ["first"] }), {
      startTimeoutMs: 20,
      hooks: { afterStart: [() => undefined, never] },
    });
    await expect(service.start()).rejects.toThrow("hook afterStart[1] took longer than 20 ms");
  });

  test("stop in the middle of it lets the part finish giving up, starts no other, and stops all", async () => {
    const journal: string[] = [];
    const plugins = parts(journal, {
      order,
      second: {
        start: async ({ signal }) => {
          await untilAborted(signal).catch(() => undefined);
          await new Promise((resolve) => setImmediate(resolve));
          journal.push("second gave up");
        },
      },
    });
    const service = await create(plugins, { hooks: hooks(journal) });
    const starting = failureOf(service.start());
    await new Promise((resolve) => setImmediate(resolve));
    await service.stop();
    expect(await starting).toMatchObject({ code: "CANCELLED", detail: "service 'sample' is stopping" });
    expect(journal.slice(3)).toEqual([
      "beforeStart (starting)",
      "start first",
      "start second",
      "second gave up",
      "beforeStop (stopping)",
      "drain second",
      "drain first",
      "stop third",
      "stop second",
      "stop first",
      "afterStop (stopping)",
    ]);
  });

  test("stop from a hook of starting does not wait for itself", async () => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }), {
      hooks: { beforeStart: (starting: ServiceCore) => starting.stop() },
    });
    await expect(within("start", service.start(), 2000)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(journal).toEqual(["create first", "stop first"]);
  });

  test("its signal aborts it, and run takes that as its end", async () => {
    const journal: string[] = [];
    const abort = new AbortController();
    const plugins = parts(journal, { order, second: { start: ({ signal }) => untilAborted(signal) } });
    const service = await create(plugins, { signal: abort.signal });
    const running = service.run();
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await within("run", running);
    expect(journal).not.toContain("start third");
    expect(service.state).toBe("stopped");
    expect(service.signal.aborted).toBe(true);
  });

  test("a signal that aborted before run starts nothing", async () => {
    const journal: string[] = [];
    const abort = new AbortController();
    const service = await create(parts(journal, { order: ["first"] }), { signal: abort.signal });
    abort.abort();
    await within("run", service.run());
    expect(journal).toEqual(["create first", "stop first"]);
  });

  test("is one start however often it is asked for, and none after a stop", async () => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }));
    await Promise.all([service.start(), service.start()]);
    expect(journal).toEqual(["create first", "start first"]);
    await service.stop();
    const unstarted = await create(parts([], { order: ["first"] }));
    await unstarted.stop();
    await expect(unstarted.start()).rejects.toThrow("service 'sample' is stopped: create another one");
  });
});

describe("a stop", () => {
  test("that is urgent shortens the step that hangs already", async () => {
    const journal: string[] = [];
    const plugins = parts(journal, { order, second: { drain: never }, first: { stop: never } });
    const service = await create(plugins);
    await service.start();
    const stopping = failureOf<AggregateError>(service.stop({ graceMs: 60_000 }));
    await new Promise((resolve) => setImmediate(resolve));
    const begin = performance.now();
    const urgent = failureOf(service.stop({ graceMs: 0 }));
    const error = await stopping;
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(await urgent).toBe(error);
    expect(error.message).toMatch(
      /2 failure\(s\): draining 'second' took longer than \d+ ms; stopping 'first' took/,
    );
    expect(journal.slice(-4)).toEqual(["drain first", "stop third", "stop second", "stop first"]);
  });

  test("that is less urgent than the first does not lengthen it", async () => {
    const service = await create(parts([], { order: ["first"], first: { drain: never } }));
    await service.start();
    const begin = performance.now();
    const first = failureOf(service.stop({ graceMs: 50 }));
    const second = failureOf(service.stop({ graceMs: 60_000 }));
    await Promise.all([first, second]);
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
    "takes any number as its time (%s)",
    async (graceMs) => {
      let given = -1;
      const drain = (options: { graceMs: number }): void => {
        given = options.graceMs;
      };
      const service = await create(parts([], { order: ["first"], first: { drain } }));
      await service.start();
      await service.stop({ graceMs });
      expect(given).toBeGreaterThanOrEqual(0);
      expect(given).toBeLessThan(2 ** 31);
    },
  );

  test("asked for again from a listener of the service's signal is the same stop", async () => {
    const journal: string[] = [];
    const service = await create(parts(journal, { order: ["first"] }));
    const again: Promise<void>[] = [];
    service.signal.addEventListener("abort", () => again.push(service.stop()));
    const stopping = service.stop();
    await stopping;
    expect(again).toEqual([stopping]);
    expect(journal).toEqual(["create first", "stop first"]);
  });

  test("a container that cannot be given back is one more failure, not the end", async () => {
    const service = await create(parts([], { order: ["first"] }));
    await service.start();
    service.container.dispose = () => Promise.reject(new Error("stuck"));
    await expect(service.stop()).rejects.toThrow("disposing the container: stuck");
    expect(service.state).toBe("stopped");
  });
});
