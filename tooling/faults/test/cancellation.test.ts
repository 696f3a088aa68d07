import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, type OpenFleet, openFleet, withFleet } from "../src/fleet.ts";
import { RawClient, request } from "../src/raw-client.ts";
import { quantile } from "../src/traffic.ts";

const MEDIAN_MS = 50;
/** A loaded machine may pause any process now and then. */
const WORST_MS = 1000;
const TIMES = 50;

type Call = (fleet: Fleet, id: string, signal: AbortSignal) => Promise<unknown>;

async function* once(id: string, signal: AbortSignal) {
  yield { id };
  await sleep(60_000, undefined, { signal, ref: false }).catch(() => undefined);
}

async function read(replies: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of replies);
}

const CALLS: Readonly<Record<string, Call>> = {
  "a unary call": ({ probe }, id, signal) => probe.waitUnary({ id }, { signal }),
  "a server stream": ({ probe }, id, signal) => read(probe.waitServer({ id }, { signal })),
  "a client stream": ({ probe }, id, signal) => probe.waitClient(once(id, signal), { signal }),
  "a bidirectional stream": ({ probe }, id, signal) => read(probe.waitBidi(once(id, signal), { signal })),
};

describe.each([
  ["on a shared connection", true],
  ["on connections as with Go's peers", false],
])("%s", (_, multiplex) => {
  let open: OpenFleet;

  beforeAll(async () => {
    open = await openFleet({ caller: { transport: { multiplex } } });
  });

  afterAll(() => open.close());

  test.each(Object.entries(CALLS))("cancelling %s reaches the handler within 50 ms", async (kind, call) => {
    const { fleet } = open;
    const node = fleet.child("a");
    const took: number[] = [];
    for (let at = 0; at < TIMES; at++) {
      const id = `${kind} ${at}`;
      const controller = new AbortController();
      const ended = call(fleet, id, controller.signal).then(
        () => "a reply",
        (error: { code?: string }) => error.code,
      );
      await node.handler("began", id);
      const cancelledAt = Date.now();
      controller.abort();
      took.push((await node.handler("cancelled", id)).at - cancelledAt);
      expect(await ended).toBe("CANCELLED");
    }
    expect(quantile(took, 0.5), "median ms").toBeLessThanOrEqual(MEDIAN_MS);
    expect(Math.max(...took), "worst ms").toBeLessThanOrEqual(WORST_MS);
    expect((await node.report()).active).toBe(0);
  });

  test("leaving the loop over a stream cancels its handler", async () => {
    const { child, probe } = open.fleet;
    for await (const { node } of probe.waitServer({ id: "left" })) {
      expect(node).toBe("a");
      break;
    }
    const leftAt = Date.now();
    const { at } = await child("a").handler("cancelled", "left");
    expect(at - leftAt).toBeLessThan(WORST_MS);
  });
});

test("a caller whose connection breaks cancels what it had running", () =>
  withFleet({}, async ({ child }) => {
    const client = await RawClient.connect(child("a").address);
    client.send(request({ endpoint: "Probe.WaitUnary", body: '{"id":"gone"}' }));
    await child("a").handler("began", "gone");
    const goneAt = Date.now();
    client.destroy();
    const { at } = await child("a").handler("cancelled", "gone");
    expect(at - goneAt).toBeLessThan(WORST_MS);
  }));

describe("over three services in three processes that call each other", () => {
  const PATH = ["probe-b", "probe-c"];
  const request = { service: "probe-a", endpoint: "Probe.Travel" };
  let open: OpenFleet;

  beforeAll(async () => {
    open = await openFleet({ nodes: [] });
    await Promise.all(["a", "b", "c"].map((name) => open.fleet.start(name, { service: `probe-${name}` })));
  });

  afterAll(() => open.close());

  test("a deadline shrinks from hop to hop", async () => {
    const message = { id: "trip", path: PATH, workMs: 30 };
    const { remainingMs } = await open.fleet.client.call<{ remainingMs: number[] }>(
      { ...request, message },
      { timeoutMs: 3000 },
    );
    expect(remainingMs).toHaveLength(3);
    const [a = 0, b = 0, c = 0] = remainingMs;
    expect(a).toBeLessThanOrEqual(3000);
    expect(a).toBeGreaterThan(2000);
    // A timer may ring a millisecond early.
    expect(a - b).toBeGreaterThanOrEqual(29);
    expect(b - c).toBeGreaterThanOrEqual(29);
  });

  test("the last one is told when the first one's time is over", async () => {
    const { client, child } = open.fleet;
    const message = { id: "late", path: PATH, wait: true };
    const began = Date.now();
    const late = client.call({ ...request, message }, { timeoutMs: 400 });
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(Date.now() - began).toBeLessThan(2500);
    // Its own clock tells it, or the hop before that gives up: whichever is first.
    const waiting = (["deadline", "cancelled"] as const).map((what) => child("c").handler(what, "late"));
    const { at } = await Promise.any(waiting);
    expect(at - began).toBeGreaterThan(300);
    expect(at - began).toBeLessThan(2500);
  });

  test("cancelling at the first reaches the last within 50 ms", async () => {
    const { client, child } = open.fleet;
    const took: number[] = [];
    for (let at = 0; at < 20; at++) {
      const controller = new AbortController();
      const message = { id: `${at}`, path: PATH, wait: true };
      const call = client.call({ ...request, message }, { signal: controller.signal });
      const ended = expect(call).rejects.toMatchObject({ code: "CANCELLED" });
      await child("c").handler("began", `${at}`);
      const cancelledAt = Date.now();
      controller.abort();
      took.push((await child("c").handler("cancelled", `${at}`)).at - cancelledAt);
      await ended;
    }
    expect(quantile(took, 0.5), "median ms over three hops").toBeLessThanOrEqual(MEDIAN_MS);
    expect(Math.max(...took), "worst ms over three hops").toBeLessThanOrEqual(WORST_MS);
  });
});
