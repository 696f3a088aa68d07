import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { type Fleet, withFleet } from "../src/fleet.ts";
import { RawClient, request } from "../src/raw-client.ts";
import { durations, errorTexts, quantile } from "../src/traffic.ts";
import { eventually } from "../src/within.ts";

const MEGABYTE = 1024 * 1024;
const BYTES = 4096;
const SLOWLY_MS = 10;
/** What may be under way: the window of 256 KiB, and a message or two in each hand. */
const WINDOW_MESSAGES = 80;

/** Calls of others on the same session, while `body` runs. */
async function withOthers<T>({ probe, load }: Fleet, body: () => Promise<T>): Promise<T> {
  const others = load<Answer>({
    concurrency: 2,
    call: async () => {
      await sleep(2);
      return probe.echo({});
    },
  });
  const result = await body();
  const outcomes = await others.stop();
  expect(errorTexts(outcomes)).toEqual({});
  expect(outcomes.length).toBeGreaterThan(50);
  expect(quantile(durations(outcomes), 0.5), "median ms of others' calls").toBeLessThan(100);
  expect(quantile(durations(outcomes), 0.99), "p99 ms of others' calls").toBeLessThan(1000);
  return result;
}

test("a client that reads slowly holds the handler back, and calls on its session go on", () =>
  withFleet({}, async (fleet) => {
    const node = fleet.child("a");
    await fleet.probe.echo({});
    const before = await node.report({ collect: true });
    const read = await withOthers(fleet, async () => {
      let count = 0;
      for await (const _ of fleet.probe.flood({ bytes: BYTES, limit: 1_000_000 })) {
        if (++count === 100) break;
        if (count % 20 === 0) {
          const { flooded } = await node.report();
          expect(flooded - count, "messages that the handler ran ahead").toBeLessThan(WINDOW_MESSAGES);
        }
        await sleep(SLOWLY_MS);
      }
      return count;
    });
    const { flooded, heldBytes } = await node.report({ collect: true });
    expect(flooded - read).toBeLessThan(WINDOW_MESSAGES);
    expect((heldBytes - before.heldBytes) / MEGABYTE, "MB of heap").toBeLessThan(4);
    await eventually("the handler must end when its reader has left", 5000, {
      ask: async () => (await node.report()).active,
      until: (active) => active === 0,
    });
  }));

test("a client that reads slowly holds the handler back on a connection of Go's kind, too", () =>
  withFleet({ caller: { transport: { multiplex: false } } }, async (fleet) => {
    const node = fleet.child("a");
    const bytes = 64 * 1024;
    await fleet.probe.echo({});
    const before = await node.report({ collect: true });
    let count = 0;
    for await (const _ of fleet.probe.flood({ bytes, limit: 1_000_000 })) {
      if (++count === 60) break;
      await sleep(SLOWLY_MS);
    }
    const { flooded, rssBytes } = await node.report({ collect: true });
    // The buffers of the kernel take some megabytes, nobody else may.
    expect(((flooded - count) * bytes) / MEGABYTE, "MB that the handler ran ahead").toBeLessThan(16);
    expect((rssBytes - before.rssBytes) / MEGABYTE, "MB of memory").toBeLessThan(48);
  }));

test.each([
  { kind: "multiplexed", multiplex: true },
  { kind: "Go's", multiplex: false },
])("a node whose reader keeps pace, and then leaves, still answers others: $kind", ({ multiplex }) =>
  withFleet({ caller: { transport: { multiplex } } }, async (fleet) => {
    const node = fleet.child("a");
    for (const bytes of [64 * 1024, 16]) {
      const waits: number[] = [];
      let read = 0;
      for await (const _ of fleet.probe.flood({ bytes, limit: 1e9 })) {
        if (++read === 2000) break;
        if (read % 200 > 0) continue;
        const asked = performance.now();
        await node.report();
        waits.push(performance.now() - asked);
      }
      expect(Math.max(...waits), "ms for an answer beside the stream").toBeLessThan(1000);
      await eventually("the handler must end when its reader has left", 5000, {
        ask: async () => (await node.report()).active,
        until: (active) => active === 0,
      });
    }
  }),
);

test("a handler that reads slowly holds the client back, and calls on its session go on", () =>
  withFleet({}, async (fleet) => {
    const node = fleet.child("a");
    await fleet.probe.echo({});
    const heldBefore = (await node.report({ collect: true })).heldBytes;
    let sent = 0;
    let over = false;
    async function* requests() {
      const message = { everyMs: SLOWLY_MS, body: "x".repeat(BYTES) };
      for (; !over; sent++) yield message;
    }
    const { read } = await withOthers(fleet, async () => {
      const reply = fleet.probe.sip(requests(), { timeoutMs: 15_000 });
      for (let round = 1; round <= 4; round++) {
        await eventually("the handler must read on", 5000, {
          ask: async () => (await node.report()).sipped,
          until: (sipped) => sipped >= 20 * round,
        });
        const { sipped } = await node.report();
        expect(sent - sipped, "messages that the client ran ahead").toBeLessThan(WINDOW_MESSAGES);
      }
      over = true;
      return reply;
    });
    expect(read).toBe(sent);
    const { heldBytes } = await node.report({ collect: true });
    expect((heldBytes - heldBefore) / MEGABYTE, "MB of heap").toBeLessThan(4);
  }));

test("a client that asks and never reads the answers is cut off, and what it made wait is bounded", () =>
  withFleet(
    { plan: { settings: { transport: { maxWriteBuffer: MEGABYTE, writeTimeout: 500 } } } },
    async (fleet) => {
      const node = fleet.child("a");
      await fleet.probe.echo({});
      const before = await node.report({ collect: true });
      const clients = await Promise.all(Array.from({ length: 2 }, () => RawClient.connect(node.address)));
      for (const client of clients) {
        client.socket.pause();
        for (let batch = 0; batch < 60; batch++) {
          const ids = Array.from({ length: 1000 }, (_, at) => `${batch * 1000 + at + 1}`);
          client.send(ids.map((id) => request({ id })).join(""));
        }
      }
      try {
        let peak = 0;
        await eventually("the node must cut them off", 40_000, {
          everyMs: 200,
          ask: async () => {
            const { heldBytes, sockets } = await node.report({ collect: true });
            peak = Math.max(peak, heldBytes);
            return sockets;
          },
          until: (sockets) => sockets <= before.sockets,
        });
        // Of 30 MB of answers: twice transport.max_write_buffer for each, and what is in work.
        expect((peak - before.heldBytes) / MEGABYTE, "MB held at most").toBeLessThan(24);
        expect(await fleet.probe.echo({})).toEqual({ node: "a" });
      } finally {
        for (const client of clients) client.destroy();
      }
    },
  ));
