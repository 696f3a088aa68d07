import { MicroError } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { afterEach, expect, test } from "vitest";
import { type Lease, SessionPool, type SessionPoolOptions } from "./session-pool.ts";
import type { Session } from "./transport.ts";

class FakeSession implements Session {
  readonly maxConcurrent: number;
  readonly active = 0;
  usable = true;
  closed = false;
  #listeners: ((reason: Error | undefined) => void)[] = [];

  constructor(maxConcurrent: number) {
    this.maxConcurrent = maxConcurrent;
  }

  call(): () => void {
    throw new Error("not used");
  }

  open(): never {
    throw new Error("not used");
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#listeners.push(listener);
  }

  retire(): void {
    this.usable = false;
    for (const listener of this.#listeners.splice(0)) listener(undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.retire();
  }
}

const pools: SessionPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close({ graceMs: 0 });
});

function world(maxConcurrent: number, options: Partial<SessionPoolOptions> = {}) {
  const sessions: FakeSession[] = [];
  const state: { fail: Error | undefined; gate: Promise<void> | undefined } = {
    fail: undefined,
    gate: undefined,
  };
  const pool = new SessionPool({
    transport: {
      dial: async () => {
        await state.gate;
        if (state.fail !== undefined) throw state.fail;
        const session = new FakeSession(maxConcurrent);
        sessions.push(session);
        return session;
      },
    },
    poolSize: 1,
    poolTtl: 60_000,
    maxConnections: 4,
    maxWaiting: 8,
    ...options,
  });
  pools.push(pool);
  const acquire = async (
    given: { readonly exclusive?: boolean; readonly deadline?: number } = {},
  ): Promise<Lease> => pool.acquire("a:1", { metadata: {}, deadline: Date.now() + 5000, ...given });
  return { pool, sessions, state, acquire };
}

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (MicroError.is(error)) return error;
  throw new Error("a MicroError was expected");
}

test("a session that carries many exchanges is dialled once and shared", async () => {
  const { sessions, acquire } = world(100, { maxWaiting: 100 });
  const leases = await Promise.all(Array.from({ length: 50 }, () => acquire()));
  expect(sessions.length).toBe(1);
  expect(new Set(leases.map(({ session }) => session)).size).toBe(1);
});

test("a full session makes room for another one", async () => {
  const { sessions, acquire } = world(2);
  await Promise.all([acquire(), acquire(), acquire()]);
  expect(sessions.length).toBe(2);
});

test("a session that carries one exchange serves one caller at a time, the last used first", async () => {
  const { pool, sessions, acquire } = world(1);
  const [a, b] = await Promise.all([acquire(), acquire()]);
  expect(sessions.length).toBe(2);
  expect(a?.session).not.toBe(b?.session);
  pool.release(a as Lease);
  expect((await acquire()).session).toBe(a?.session);
});

test("callers beyond max_connections wait for a free session, in order", async () => {
  const { pool, sessions, acquire } = world(1, { maxConnections: 1 });
  const first = await acquire();
  const order: number[] = [];
  const waiting = [1, 2].map(async (number) => {
    const lease = await acquire();
    order.push(number);
    pool.release(lease);
  });
  pool.release(first);
  await Promise.all(waiting);
  expect(order).toEqual([1, 2]);
  expect(sessions.length).toBe(1);
});

test("too many waiting callers are refused by name of the option, and waiting ends at the deadline", async () => {
  const { acquire } = world(1, { maxConnections: 1, maxWaiting: 1 });
  await acquire();
  const late = errorOf(acquire({ deadline: Date.now() + 30 }));
  const refused = await errorOf(acquire());
  expect([refused.code, refused.notSent]).toEqual(["RESOURCE_EXHAUSTED", true]);
  expect(refused.detail).toContain("max_waiting");
  const error = await late;
  expect([error.code, error.notSent]).toEqual(["TIMEOUT", true]);
  expect(error.detail).toContain("max_connections");
});

test("whoever waits for a dial that fails is told, and the next one dials again", async () => {
  const { state, acquire } = world(100);
  state.fail = new MicroError({ code: "UNAVAILABLE", detail: "nobody there", notSent: true });
  const errors = await Promise.all([errorOf(acquire()), errorOf(acquire())]);
  expect(errors.map(({ detail }) => detail)).toEqual(["nobody there", "nobody there"]);
  state.fail = undefined;
  expect((await acquire()).session.usable).toBe(true);
});

test("whoever waits for a dial that fails is told though a session that drains still has a stream", async () => {
  const { sessions, state, acquire } = world(100);
  await acquire();
  sessions[0]?.retire();
  state.fail = new MicroError({ code: "UNAVAILABLE", detail: "connection refused", notSent: true });
  const failures = await Promise.all(Array.from({ length: 3 }, () => errorOf(acquire())));
  expect(failures.map(({ detail }) => detail)).toEqual(failures.map(() => "connection refused"));
});

test("a broken or exclusive session of one exchange is not used again", async () => {
  const { pool, sessions, acquire } = world(1);
  const stream = await acquire({ exclusive: true });
  pool.release(stream, true);
  expect(sessions[0]?.closed).toBe(true);
  const call = await acquire();
  pool.release(call, true);
  expect(sessions[1]?.closed).toBe(true);
  expect((await acquire()).session).toBe(sessions[2]);
});

test("a session that was told to take nothing new is left, and closed when its last exchange ends", async () => {
  const { pool, sessions, acquire } = world(100);
  const lease = await acquire();
  sessions[0]?.retire();
  expect((await acquire()).session).toBe(sessions[1]);
  expect(sessions[0]?.closed).toBe(false);
  pool.release(lease);
  expect(sessions[0]?.closed).toBe(true);
});

test("a shared session older than the ttl is used until its successor is there", async () => {
  const { pool, sessions, state, acquire } = world(100, { poolTtl: 20 });
  const leases = [await acquire()];
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  await eventually(async () => {
    leases.push(await acquire());
    expect(pool.size).toBe(2);
  });
  expect(new Set(leases.map(({ session }) => session)).size).toBe(1);
  gate.resolve();
  await eventually(() => expect(sessions.length).toBe(2));
  expect((await acquire()).session).toBe(sessions[1]);
  for (const lease of leases) pool.release(lease);
  expect(sessions.map(({ closed }) => closed)).toEqual([true, false]);
});

test("idle sessions beyond pool_size are closed after a while", async () => {
  const { pool, sessions, acquire } = world(1);
  const leases = await Promise.all([acquire(), acquire(), acquire()]);
  for (const lease of leases) pool.release(lease);
  await eventually(() => expect(sessions.filter(({ closed }) => !closed).length).toBe(1));
  expect(pool.size).toBe(1);
});

test("closing refuses those who wait and whoever comes later", async () => {
  const { pool, acquire } = world(1, { maxConnections: 1 });
  await acquire();
  const waiting = errorOf(acquire());
  await pool.close({ graceMs: 0 });
  expect((await waiting).code).toBe("UNAVAILABLE");
  expect((await errorOf(acquire())).code).toBe("UNAVAILABLE");
});
