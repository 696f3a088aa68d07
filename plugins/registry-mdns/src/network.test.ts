import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { MicroError } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { create, follow, greeter, place, withRegistry } from "../test/isolated.ts";
import { mdnsRegistry, multicastAvailable } from "./index.ts";

const started = { signal: new AbortController().signal };

/** Holds the port of `where` alone. */
async function occupied(port: number): Promise<{ close: () => Promise<void> }> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind({ port, address: "0.0.0.0", exclusive: true }, resolve));
  return { close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

describe("nobody can be asked", () => {
  test("a port that another program holds alone: start says so and what to do", async () => {
    const where = await place();
    const other = await occupied(where.port);
    try {
      const registry = await create(where);
      const error: unknown = await Promise.resolve(registry.start?.(started)).catch(
        (reason: unknown) => reason,
      );
      if (!MicroError.is(error)) throw error;
      expect(error.code).toBe("UNAVAILABLE");
      expect(error.detail).toMatch(
        /^services cannot find each other by multicast DNS on this host: UDP port \d+ could not be opened \(.*EADDRINUSE.*\).* or use another registry/,
      );
      await expect(registry.get("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
      await other.close();
      await registry.start?.(started);
      expect(await registry.get("greeter")).toEqual([]);
      await registry.stop?.({ graceMs: 100 });
    } finally {
      await other.close().catch(() => undefined);
    }
  });

  test("an interface that is not there is named beside those that are", async () => {
    const registry = await create({ ...(await place()), interfaces: ["eth99"] });
    await expect(registry.start?.(started)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      detail: expect.stringMatching(/no network interface is called 'eth99'; there are: .*127\.0\.0\.1/),
    });
  });

  test("before start and after stop every operation says so", async () => {
    const registry = await create(await place());
    const refused = {
      code: "UNAVAILABLE",
      detail: expect.stringContaining("is not started, or stopped already"),
    };
    await expect(registry.get("greeter")).rejects.toMatchObject(refused);
    await registry.start?.(started);
    await registry.stop?.({ graceMs: 1000 });
    await expect(registry.register(greeter("greeter"))).rejects.toMatchObject(refused);
    await expect(registry.list()).rejects.toMatchObject(refused);
    await expect(registry.watch()[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
  });

  test("a watch that is made before the start begins when it is read", async () => {
    const registry = await create(await place());
    const events = registry.watch({ service: "greeter" });
    await registry.start?.(started);
    try {
      expect(await events[Symbol.asyncIterator]().next()).toEqual({
        done: false,
        value: { type: "snapshot", services: [] },
      });
    } finally {
      await registry.stop?.({ graceMs: 1000 });
    }
  });
});

describe("multicastAvailable", () => {
  test("is true where a packet comes back", async () => {
    const { port, group, interfaces } = await place();
    expect(await multicastAvailable({ port, group, interfaces })).toEqual({ ok: true });
  });

  test("says why not, and never rejects", async () => {
    const { port, group } = await place();
    const none = await multicastAvailable({ port, group, interfaces: ["eth99"] });
    expect(none).toMatchObject({
      ok: false,
      reason: expect.stringContaining("no network interface is called"),
    });
  });

  test("gives up at its deadline", async () => {
    const { port, interfaces } = await place();
    const began = performance.now();
    // No time at all: whatever comes back is too late.
    const answer = await multicastAvailable({ port, group: "239.255.251.1", interfaces, timeoutMs: 0 });
    if (!answer.ok) expect(answer.reason).toContain("did not come back within 0 ms");
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe("interfaces and families", () => {
  test("without a choice of interfaces processes of one host find each other", async () => {
    const where = { ...(await place()), interfaces: [] };
    await withRegistry(where, async (one) => {
      await withRegistry(where, async (other) => {
        await one.register(greeter("greeter"));
        expect((await other.get("greeter"))[0]?.nodes).toHaveLength(1);
      });
    });
  });

  test("several interfaces at once are no several nodes", async () => {
    const names = Object.keys(networkInterfaces());
    const where = { ...(await place()), interfaces: names };
    await withRegistry(where, async (one) => {
      await withRegistry(where, async (other) => {
        const watch = follow(other, "greeter");
        await watch.until("snapshot");
        await one.register({
          ...greeter("greeter"),
          nodes: [...greeter("greeter", 1).nodes, ...greeter("greeter", 2).nodes],
        });
        await watch.until("put", "greeter-2");
        expect((await other.get("greeter"))[0]?.nodes).toHaveLength(2);
        expect(watch.events.map(({ type }) => type)).toEqual(["snapshot", "put", "put"]);
        await watch.leave();
      });
    });
  });

  const six = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ family, internal }) => family === "IPv6" && !internal),
  );
  test("IPv6 alone is enough, where the host has it", async (context) => {
    if (!six) context.skip("this host has no IPv6 interface beside loopback");
    const where = { ...(await place()), interfaces: [], ipv6: true, group6: "ff02::4d52" };
    // IPv4 cannot be had while its port is held by somebody else alone.
    const other = await occupied(where.port);
    try {
      await withRegistry(where, async (one) => {
        await withRegistry(where, async (two) => {
          await one.register({
            ...greeter("greeter"),
            nodes: [{ id: "greeter-1", address: "[fd00::2]:80", metadata: {} }],
          });
          expect((await two.get("greeter"))[0]?.nodes.map(({ address }) => address)).toEqual([
            "[fd00::2]:80",
          ]);
        });
      });
    } finally {
      await other.close();
    }
  });

  test("other domains, ports and groups do not see each other", async () => {
    const where = await place();
    const elsewhere = await place();
    await withRegistry(where, async (one) => {
      await one.register(greeter("greeter"));
      for (const other of [
        { ...where, domain: "elsewhere" },
        { ...where, port: elsewhere.port },
      ]) {
        await withRegistry(other, async (registry) => expect(await registry.get("greeter")).toEqual([]));
      }
    });
  });
});

describe("life", () => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "UDPWrap").length;

  test("starting and stopping again and again leaves no socket and no timer", async () => {
    const before = sockets();
    const registry = await create(await place());
    for (let times = 0; times < 50; times += 1) {
      await registry.start?.(started);
      await registry.start?.(started);
      await registry.register(greeter("greeter"));
      await registry.stop?.({ graceMs: 1000 });
    }
    // Node reports the end of a socket one turn before the system has closed it.
    await eventually(() => expect(sockets()).toBeLessThanOrEqual(before));
  });

  test("stop ends questions that are out, at once", async () => {
    const registry = await create(await place(), { queryTimeout: "5s" });
    await registry.start?.(started);
    const asking = registry.get("greeter", { timeoutMs: 10_000 });
    const ended = expect(asking).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const began = performance.now();
    await registry.stop?.({ graceMs: 1000 });
    await ended;
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("a deadline and an abort end an operation", async () => {
    await withRegistry(
      await place(),
      async (registry) => {
        await expect(registry.get("greeter", { timeoutMs: 20 })).rejects.toMatchObject({
          code: "UNAVAILABLE",
        });
        const signal = AbortSignal.abort();
        await expect(registry.get("greeter", { signal })).rejects.toMatchObject({ code: "CANCELLED" });
      },
      { queryTimeout: "500ms" },
    );
  });

  test("a hundred questions at once are no trouble", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on("warning", note);
    try {
      await withRegistry(await place(), async (registry) => {
        await registry.register(greeter("service7"));
        const all = await Promise.all(Array.from({ length: 100 }, (_, n) => registry.get(`service${n}`)));
        expect(all.flat()).toHaveLength(1);
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", note);
    }
  });

  test("the plugin is called mdns, as in node metadata of Go", () => {
    expect(mdnsRegistry.name).toBe("mdns");
  });
});
