import type { CallOptions, ContractClient } from "@micro/client";
import { Codecs } from "@micro/codec";
import { jsonCodec } from "@micro/codec-json";
import {
  defineContract,
  Exchange,
  type LocalCall,
  type LocalEntry,
  type LocalNode,
  type LocalSink,
  MicroError,
  PENDING,
  unary,
} from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { rpcClient } from "../src/index.ts";

const orders = defineContract({
  name: "Orders",
  service: "orders",
  methods: { get: unary<unknown, unknown>() },
});

/** A client and its exchange; the network answers nothing. */
async function world(config: { readonly poolRequestTimeout?: string } = {}) {
  const exchange = new Exchange();
  const away = new MicroError({ code: "UNAVAILABLE", detail: "the network was used", notSent: true });
  const client = await instantiate(rpcClient, {
    scope: { name: "caller", exchange },
    config: { poolRetries: 0, ...config },
    deps: {
      codec: new Codecs([await instantiate(jsonCodec)]),
      transport: {
        name: "none",
        metadata: {},
        dial: () => Promise.reject(away),
        listen: () => Promise.reject(away),
      },
      selector: {
        preferLocal: true,
        select: () => ({
          node: { id: "orders-9", address: "10.0.0.1:1", metadata: { protocol: "mucp" } },
          version: "v1",
          done: () => undefined,
        }),
      },
    },
  });
  return { exchange, client, orders: client.of(orders) };
}

function node(entry: LocalEntry, id = "orders-1"): LocalNode {
  return {
    id,
    service: "orders",
    version: "v1",
    metadata: {},
    accepting: true,
    hasEndpoint: (endpoint) => endpoint === "Orders.Get",
    dispatch: () => Promise.reject(new Error("the entry is used instead")),
    entry: () => entry,
  };
}

/** What a call ended with: its reply, or the code and detail of its error. */
async function outcome(calls: ContractClient<typeof orders.methods>, options?: CallOptions) {
  return calls.get({ id: 1 }, options).then(
    (reply) => reply,
    ({ code, detail }: MicroError) => `${code} ${detail}`,
  );
}

/** An entry that takes time, and how to go on with what it was given. */
function slowEntry() {
  const given: { call: LocalCall; sink: LocalSink }[] = [];
  const entry: LocalEntry = (call, _message, sink) => {
    given.push({ call, sink });
    return PENDING;
  };
  return { entry, given };
}

test("calls follow the nodes of the process: one that leaves, one that comes, none", async () => {
  const { exchange, orders: calls } = await world();
  const leave = exchange.bind(node(() => ({ by: "first" })));
  expect(await outcome(calls)).toEqual({ by: "first" });
  expect(await outcome(calls, { timeoutMs: 1000 })).toEqual({ by: "first" });
  leave();
  expect(await outcome(calls)).toContain("the network was used");
  const leaveToo = exchange.bind(node(() => ({ by: "second" }), "orders-2"));
  expect(await outcome(calls)).toEqual({ by: "second" });
  leaveToo();
  expect(await outcome(calls)).toContain("the network was used");
});

test("options that ask for a particular node are heard after a call that took any", async () => {
  const { exchange, orders: calls } = await world();
  exchange.bind(node(() => ({ by: "inside" })));
  expect(await outcome(calls)).toEqual({ by: "inside" });
  for (const options of [{ version: "v2" }, { nodeMetadata: { zone: "b" } }, { address: "10.0.0.1:1" }])
    expect(await outcome(calls, options)).toContain("the network was used");
});

test("whoever wants to know is told of the attempt, also of one that was answered at once", async () => {
  const { exchange, orders: calls } = await world();
  exchange.bind(node(() => ({})));
  const attempts: unknown[] = [];
  await calls.get({}, { onAttempt: (attempt) => attempts.push(attempt) });
  expect(attempts).toEqual([{ nodeId: "orders-1", address: "local", local: true, attempt: 0 }]);
});

test("neither side can change the other's objects", async () => {
  const { exchange, orders: calls } = await world();
  const request = { list: [1] };
  const kept = { list: [2] };
  exchange.bind(
    node((_call, message) => {
      (message as typeof request).list.push(9);
      return kept;
    }),
  );
  const reply = (await calls.get(request)) as typeof kept;
  reply.list.push(9);
  expect([request, kept]).toEqual([{ list: [1] }, { list: [2] }]);
});

test("an error that is thrown at once arrives without what the network would not carry", async () => {
  const { exchange, orders: calls } = await world();
  const cause = new Error("secret");
  exchange.bind(
    node(() => {
      throw new MicroError({ id: "orders", code: "CONFLICT", detail: "twice", cause });
    }),
  );
  const error: unknown = await calls.get({}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ id: "orders", code: "CONFLICT", detail: "twice" });
  expect((error as Error).cause).toBeUndefined();
});

test("a message that cannot be copied fails the call, on either side", async () => {
  const { exchange, orders: calls } = await world();
  const ring: { self?: unknown } = {};
  ring.self = ring;
  let entered = 0;
  exchange.bind(
    node(() => {
      entered++;
      return ring;
    }),
  );
  await expect(calls.get(ring)).rejects.toThrow(/circular/);
  expect(entered).toBe(0);
  await expect(calls.get({})).rejects.toThrow(/circular/);
  expect(entered).toBe(1);
});

test("a call that is over before it begins enters nowhere", async () => {
  const { exchange, orders: calls } = await world();
  let entered = 0;
  exchange.bind(node(() => entered++));
  expect(await outcome(calls, { timeoutMs: 0 })).toMatch(/^TIMEOUT/);
  expect(await outcome(calls, { signal: AbortSignal.abort() })).toMatch(/^CANCELLED/);
  expect(entered).toBe(0);
});

test("a handler that cancels its own call and answers at once has cancelled it", async () => {
  const { exchange, orders: calls } = await world();
  exchange.bind(
    node((call) => {
      call.cancellation.abort(new Error("no more"));
      return { late: true };
    }),
  );
  expect(await outcome(calls)).toMatch(/^CANCELLED .*no more/);
});

test("a call that its handler, or the caller's signal, gives up before its first pause ends at once", async () => {
  const { exchange, orders: calls } = await world();
  const controller = new AbortController();
  const { entry, given } = slowEntry();
  let before: (call: LocalCall) => void = (call) => call.cancellation.abort(new Error("no more"));
  exchange.bind(
    node((call, message, sink) => {
      before(call);
      return entry(call, message, sink);
    }),
  );
  expect(await outcome(calls)).toMatch(/^CANCELLED .*no more/);
  before = () => controller.abort(new Error("gone"));
  expect(await outcome(calls, { signal: controller.signal })).toMatch(/^CANCELLED .*gone/);
  expect(given[1]?.call.cancellation.aborted).toBe(true);
  for (const { sink } of given) sink.replied({ late: true });
});

test("a reply that cannot be copied fails the call, also when it took time", async () => {
  const { exchange, orders: calls } = await world();
  const { entry, given } = slowEntry();
  exchange.bind(node(entry));
  const result = outcome(calls);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  given[0]?.sink.replied(cycle);
  expect(await result).toMatch(/circular|cycl/i);
});

test("a handler that takes time answers later, or fails later", async () => {
  const { exchange, orders: calls } = await world();
  const { entry, given } = slowEntry();
  exchange.bind(node(entry));
  const [first, second] = [outcome(calls), outcome(calls)];
  given[1]?.sink.failed(new MicroError({ id: "orders", code: "CONFLICT", detail: "twice" }));
  given[0]?.sink.replied({ id: 1 });
  expect(await first).toEqual({ id: 1 });
  expect(await second).toBe("CONFLICT twice");
});

test("a handler that takes time is cancelled by the caller's signal, and what it says then comes too late", async () => {
  const { exchange, orders: calls } = await world();
  const { entry, given } = slowEntry();
  exchange.bind(node(entry));
  const controller = new AbortController();
  const result = outcome(calls, { signal: controller.signal });
  controller.abort(new Error("gone"));
  expect(given[0]?.call.cancellation.reason?.message).toContain("gone");
  given[0]?.sink.replied({});
  expect(await result).toMatch(/^CANCELLED .*gone/);
});

test("a handler that takes time is cancelled at the deadline, named or default, and by the end of the client", async () => {
  const { client, exchange, orders: calls } = await world({ poolRequestTimeout: "30ms" });
  const { entry, given } = slowEntry();
  exchange.bind(node(entry));
  for (const options of [{ timeoutMs: 20 }, undefined]) {
    const began = Date.now();
    expect(await outcome(calls, options)).toMatch(/^TIMEOUT/);
    expect(Date.now() - began).toBeGreaterThanOrEqual(options?.timeoutMs ?? 30);
    expect(given.pop()?.call.cancellation.aborted).toBe(true);
  }
  const last = outcome(calls, { timeoutMs: 60_000 });
  await client.stop?.({ graceMs: 0 });
  expect(await last).toBe("CANCELLED the client has stopped");
  await eventually(async () => expect(given[0]?.call.cancellation.aborted).toBe(true));
});

test("a default deadline is the same whenever it is asked for", async () => {
  const { exchange, orders: calls } = await world();
  const { entry, given } = slowEntry();
  exchange.bind(node(entry));
  const before = Date.now();
  const result = outcome(calls);
  const call = given[0]?.call as LocalCall;
  const { deadline } = call;
  expect(deadline - before).toBeGreaterThanOrEqual(5000);
  expect(deadline - Date.now()).toBeLessThanOrEqual(5000);
  given[0]?.sink.replied({});
  await result;
  expect(call.deadline).toBe(deadline);
});
