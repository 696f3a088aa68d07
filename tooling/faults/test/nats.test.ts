import { MicroError } from "@micro/core";
import { type NatsServer, startNatsServer, startTcpProxy } from "@micro/servers";
import { needsNatsServer } from "@micro/servers/vitest";
import { expect, test } from "vitest";
import { type Desk, type DeskOptions, desk, NEWS, said, startDesk, stopAll } from "../src/nats-desk.ts";
import { errorTexts, failuresOf, type Outcome, Traffic } from "../src/traffic.ts";
import { eventually, within } from "../src/within.ts";

/** `MICRO_NATS_OUTAGE_MS=30000` tries the outage of half a minute that the defaults are made for. */
const OUTAGE_MS = Number(process.env.MICRO_NATS_OUTAGE_MS ?? 2000);
const LOST = "the connection to NATS was lost";
/** Longest time in which everything is back once the fault is over. */
const BACK_MS = 10_000;

await needsNatsServer();

const PATIENT = { pingInterval: "10s" } as const;

/** Calls of each kind, one after the other in each lane, with ids of their own. */
function load({ service }: Desk, timeoutMs = 1500): { ask: Traffic<unknown>; once: Traffic<unknown> } {
  const calls = service.client.of(desk, { timeoutMs });
  return {
    ask: new Traffic({ concurrency: 4, call: () => calls.ask({}) }),
    once: new Traffic({ concurrency: 4, call: (id) => calls.once({ id }) }),
  };
}

/** Calls succeed, and published messages arrive. */
async function works(caller: Desk, desks: readonly Desk[]): Promise<void> {
  const calls = caller.service.client.of(desk, { timeoutMs: 1000 });
  const asked = async (): Promise<string> => {
    try {
      return (await calls.ask({})).node;
    } catch (error) {
      return String(error);
    }
  };
  await eventually("calls must be answered", BACK_MS, { ask: asked, until: (answer) => answer.length === 1 });
  const id = Math.random();
  await eventually("messages must arrive", BACK_MS, {
    ask: async () => {
      await caller.service.client.publish(NEWS, { id }).catch(() => undefined);
      return desks.map(({ heard }) => heard.includes(id));
    },
    until: (all) => all.every(Boolean),
  });
  await eventually("the registry must know them", BACK_MS, {
    ask: async () => (await caller.service.registry.get("desk")).flatMap(({ nodes }) => nodes).length,
    until: (nodes) => nodes === desks.length,
  });
  for (const { service } of desks) {
    await eventually("health must be well", BACK_MS, {
      ask: () => service.server.health,
      until: ({ state }) => state === "serving",
    });
  }
}

/** Errors have types, and nobody ran what must not run twice a second time. */
function checkOutcomes(outcomes: readonly Outcome<unknown>[]): void {
  for (const { error } of failuresOf(outcomes)) {
    expect(MicroError.is(error), String(error)).toBe(true);
    expect(["UNAVAILABLE", "TIMEOUT"]).toContain((error as MicroError).code);
  }
}

/** What a fault is done to. */
interface Scene {
  readonly server: NatsServer;
  readonly caller: Desk;
  readonly desks: readonly Desk[];
}

/** A load over a fault: what failed has a type, what must run once did, and all is well afterwards. */
async function overFault(
  fault: (scene: Scene) => Promise<void>,
  check: (scene: Scene) => void = () => undefined,
  options: DeskOptions = {},
): Promise<void> {
  await using server = await startNatsServer();
  const desks = [
    await startDesk("a", server.address, options),
    await startDesk("b", server.address, options),
  ];
  const caller = await startDesk("caller", server.address, { ...options, serves: false });
  const scene = { server, caller, desks };
  try {
    await works(caller, desks);
    const traffic = load(caller);
    await Promise.all([traffic.ask.reached(100), traffic.once.reached(100)]);
    await fault(scene);
    await works(caller, desks);
    await Promise.all([traffic.ask.more(100), traffic.once.more(100)]);
    const asks = await traffic.ask.stop();
    const onces = await traffic.once.stop();
    checkOutcomes([...asks, ...onces]);
    expect(errorTexts(asks.slice(-50))).toEqual({});
    const ran = desks.flatMap((one) => one.ran);
    expect(ran.length, "calls that ran twice").toBe(new Set(ran).size);
    const answered = onces.filter((outcome) => !("error" in outcome)).map(({ index }) => index);
    const never = answered.filter((id) => !ran.includes(id));
    expect(never, "answered calls that never ran").toEqual([]);
    check(scene);
  } finally {
    await stopAll(...desks, caller);
  }
}

test("the server crashes and comes back: registrations, subscriptions and calls do too; what was lost is logged", async () => {
  await overFault(
    async ({ server }) => {
      await server.kill();
      await server.restart();
    },
    ({ caller, desks }) => {
      const counts: number[] = [];
      const ended: number[] = [];
      for (const one of [caller, ...desks]) {
        expect(said(one, LOST)).toHaveLength(1);
        expect(said(one, "connected to NATS again")).toHaveLength(1);
        const [lost] = said(one, LOST);
        counts.push(Number(lost?.unconfirmed ?? 0));
        ended.push(Number(lost?.endedCalls ?? 0) + Number(lost?.endedServed ?? 0));
        // One outage is one fact: nobody else warns of it.
        expect(one.lines.filter(({ level }) => level === "warn" || level === "error")).toHaveLength(1);
      }
      // Under load something was on the way and calls ran, and their numbers are told.
      expect(Math.max(...counts)).toBeGreaterThan(0);
      expect(Math.max(0, ...ended)).toBeGreaterThan(0);
    },
  );
}, 60_000);

test(
  `an outage of ${OUTAGE_MS} ms: calls fail with a type within their time, and everything comes back`,
  async () => {
    await overFault(async ({ server, caller }) => {
      await server.kill();
      const calls = caller.service.client.of(desk, { timeoutMs: 300 });
      const back = performance.now() + OUTAGE_MS;
      while (performance.now() < back) {
        const begun = performance.now();
        const error: unknown = await calls.ask({}).then(
          () => "an answer without a server",
          (reason: unknown) => reason,
        );
        expect(MicroError.is(error), String(error)).toBe(true);
        expect(performance.now() - begun).toBeLessThan(1000);
      }
      await server.restart();
    });
  },
  OUTAGE_MS + 60_000,
);

test("the server stands still for a moment: nobody is disconnected, and calls wait or time out", async () => {
  await overFault(
    async ({ server }) => {
      const thaw = server.freeze();
      await new Promise((resolve) => setTimeout(resolve, 150));
      thaw();
    },
    ({ caller, desks }) => {
      for (const one of [caller, ...desks]) expect(said(one, LOST)).toEqual([]);
    },
    // Longer than the standstill, however busy the machine is.
    { registry: PATIENT, broker: PATIENT, transport: PATIENT },
  );
}, 60_000);

test("the server stands still for long: it is given up by its silence, and found again", async () => {
  await overFault(async ({ server, caller }) => {
    const thaw = server.freeze();
    try {
      await eventually("the silence must be noticed", 5000, {
        ask: () => said(caller, LOST).length,
        until: (times) => times > 0,
      });
    } finally {
      thaw();
    }
  });
}, 60_000);

test("a stream over a crash breaks with a type on both sides; another one runs afterwards", async () => {
  await using server = await startNatsServer();
  const one = await startDesk("a", server.address);
  const caller = await startDesk("caller", server.address, { serves: false });
  try {
    await works(caller, [one]);
    const read = async (upTo: number): Promise<void> => {
      for await (const { at } of caller.service.client.of(desk).count({})) if (at === upTo) return;
    };
    const reading = read(Number.POSITIVE_INFINITY).catch((error: unknown) => error);
    await within("a short stream", 5000, read(5));
    await server.kill();
    const error = await within("the break", 5000, reading);
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    await eventually("the handler must have ended", 5000, {
      ask: () => one.service.server.active,
      until: (active) => active === 0,
    });
    await server.restart();
    await works(caller, [one]);
    await within("a stream afterwards", 5000, read(5));
  } finally {
    await stopAll(one, caller);
  }
}, 60_000);

test("a subscriber that does not keep up is cut off by the server, comes back, and costs nobody else a message", async () => {
  await using server = await startNatsServer({
    config: 'max_payload: 64KB\nmax_pending: 256KB\nwrite_deadline: "500ms"',
  });
  await using slowLine = await startTcpProxy(server.address);
  const slow = await startDesk("s", slowLine.address);
  const quick = await startDesk("q", server.address);
  const caller = await startDesk("caller", server.address, { serves: false });
  try {
    await works(caller, [slow, quick]);
    const before = quick.heard.length;
    const release = slowLine.holdAnswers();
    const text = "x".repeat(8 * 1024);
    const COUNT = 2000;
    // A few at a time, so that the quick one keeps up.
    for (let id = 0; id < COUNT; id++) {
      await caller.service.client.publish(NEWS, { id, text });
      if (id % 10 < 9) continue;
      await eventually("the quick one must have heard all", BACK_MS, {
        ask: () => quick.heard.length - before,
        until: (heard) => heard === id + 1,
        everyMs: 1,
      });
    }
    release();
    await eventually("the slow one must notice", BACK_MS, {
      ask: () => said(slow, LOST).length,
      until: (times) => times > 0,
    });
    await works(caller, [slow, quick]);
    // At most once: what it missed is lost, and NATS tells nobody how much that was; nothing comes twice.
    const heard = slow.heard.filter((id) => Number.isInteger(id));
    expect(heard.length).toBeLessThan(COUNT);
    expect(new Set(heard).size).toBe(heard.length);
    expect(said(quick, LOST)).toEqual([]);
    expect(said(caller, LOST)).toEqual([]);
  } finally {
    await stopAll(slow, quick, caller);
  }
}, 60_000);

test("a leaf loses its hub: who is behind it is told at once that nobody is there, and finds them again", async () => {
  await using hub = await startNatsServer({ leafnodes: true });
  const remote = `leafnodes { reconnect: 1, remotes: [{ url: "nats-leaf://${hub.leafAddress}" }] }`;
  await using leaf = await startNatsServer({ config: remote });
  const one = await startDesk("a", hub.address);
  const caller = await startDesk("caller", leaf.address, { serves: false });
  try {
    await works(caller, [one]);
    const calls = caller.service.client.of(desk, { timeoutMs: 5000 });
    const waiting = calls.once({ id: 1, waitMs: 60_000 }).catch((error: unknown) => error);
    await eventually("the call must run", 5000, { ask: () => one.ran.includes(1), until: Boolean });
    await hub.kill();
    // Our own server is well: only the silence of the other side, and NATS when asked, can tell.
    const error = await within("the waiting call", 3000, waiting);
    expect(error).toMatchObject({ code: "UNAVAILABLE", notSent: false });
    const refused = await calls.once({ id: 2 }).catch((reason: unknown) => reason);
    expect(refused).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|NOT_FOUND/), notSent: true });
    expect(said(caller, LOST)).toEqual([]);
    await hub.restart();
    await works(caller, [one]);
    expect(one.ran).toEqual([1]);
  } finally {
    await stopAll(one, caller);
  }
}, 60_000);

test("a node behind a partition: idempotent calls go to another one, others fail with a type; it is back afterwards", async () => {
  await using server = await startNatsServer({ config: 'ping_interval: "250ms"\nping_max: 2' });
  await using line = await startTcpProxy(server.address);
  const near = await startDesk("n", server.address);
  const far = await startDesk("f", line.address);
  const caller = await startDesk("caller", server.address, { serves: false });
  try {
    await works(caller, [near, far]);
    const traffic = load(caller, 3000);
    await Promise.all([traffic.ask.reached(100), traffic.once.reached(100)]);
    const heal = line.partition();
    // The calls that are under way to it, and those that still choose it.
    await Promise.all([traffic.ask.more(200), traffic.once.more(200)]);
    await eventually("it must notice", 5000, {
      ask: () => said(far, LOST).length,
      until: (times) => times > 0,
    });
    await eventually("only the near one must answer", BACK_MS, {
      ask: async () => {
        const nodes = await Promise.all(
          Array.from({ length: 20 }, () => caller.service.client.of(desk).ask({})),
        ).catch(() => []);
        return [...new Set(nodes.map(({ node }) => node))].join();
      },
      until: (nodes) => nodes === "n",
    });
    heal();
    await works(caller, [near, far]);
    const asks = await traffic.ask.stop();
    const onces = await traffic.once.stop();
    checkOutcomes(onces);
    expect(errorTexts(asks)).toEqual({});
    const ran = [...near.ran, ...far.ran];
    expect(ran.length, "calls that ran twice").toBe(new Set(ran).size);
  } finally {
    await stopAll(near, far, caller);
  }
}, 60_000);
