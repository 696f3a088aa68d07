import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Fleet, withFleet } from "../src/fleet.ts";
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

for (const [kind, call] of Object.entries(CALLS)) {
  for (const multiplex of [true, false]) {
    test(`cancelling ${kind} reaches the handler within 50 ms, ${multiplex ? "on a shared connection" : "as with Go's peers"}`, () =>
      withFleet({ caller: { transport: { multiplex } } }, async (fleet) => {
        const node = fleet.child("a");
        const took: number[] = [];
        for (let at = 0; at < TIMES; at++) {
          const controller = new AbortController();
          const ended = call(fleet, `${at}`, controller.signal).then(
            () => "a reply",
            (error: { code?: string }) => error.code,
          );
          await node.handler("began", `${at}`);
          const cancelledAt = Date.now();
          controller.abort();
          took.push((await node.handler("cancelled", `${at}`)).at - cancelledAt);
          expect(await ended).toBe("CANCELLED");
        }
        expect(quantile(took, 0.5), "median ms").toBeLessThanOrEqual(MEDIAN_MS);
        expect(Math.max(...took), "worst ms").toBeLessThanOrEqual(WORST_MS);
        expect((await node.report()).active).toBe(0);
      }));
  }
}

test("leaving the loop over a stream cancels its handler", () =>
  withFleet({}, async ({ probe, child }) => {
    for await (const { node } of probe.waitServer({ id: "left" })) {
      expect(node).toBe("a");
      break;
    }
    const { at } = await child("a").handler("cancelled", "left");
    expect(Date.now() - at).toBeLessThan(WORST_MS);
  }));

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

/** Three services in three processes that call each other. */
const journey = (body: (fleet: Fleet) => Promise<void>) => () =>
  withFleet({ nodes: [] }, async (fleet) => {
    await Promise.all(["a", "b", "c"].map((name) => fleet.start(name, { service: `probe-${name}` })));
    await body(fleet);
  });
const PATH = ["probe-b", "probe-c"];

test(
  "a deadline shrinks over three hops",
  journey(async ({ client, child }) => {
    const request = { service: "probe-a", endpoint: "Probe.Travel" };
    const message = { id: "trip", path: PATH, workMs: 30 };
    const { remainingMs } = await client.call<{ remainingMs: number[] }>(
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

    const began = Date.now();
    const late = client.call(
      { ...request, message: { id: "late", path: PATH, wait: true } },
      { timeoutMs: 400 },
    );
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(Date.now() - began).toBeLessThan(900);
    // Its own clock tells the last one, or the hop before that gives up: whichever is first.
    const over = await Promise.any([
      child("c").handler("deadline", "late"),
      child("c").handler("cancelled", "late"),
    ]);
    expect(over.at - began).toBeGreaterThan(300);
    expect(over.at - began).toBeLessThan(900);
  }),
);

test(
  "cancelling a call cancels it three hops further",
  journey(async ({ client, child }) => {
    const took: number[] = [];
    for (let at = 0; at < 20; at++) {
      const controller = new AbortController();
      const call = client.call(
        { service: "probe-a", endpoint: "Probe.Travel", message: { id: `${at}`, path: PATH, wait: true } },
        { signal: controller.signal },
      );
      const ended = expect(call).rejects.toMatchObject({ code: "CANCELLED" });
      await child("c").handler("began", `${at}`);
      const cancelledAt = Date.now();
      controller.abort();
      took.push((await child("c").handler("cancelled", `${at}`)).at - cancelledAt);
      await ended;
    }
    expect(quantile(took, 0.5), "median ms over three hops").toBeLessThanOrEqual(MEDIAN_MS);
    expect(Math.max(...took), "worst ms over three hops").toBeLessThanOrEqual(WORST_MS);
  }),
);
