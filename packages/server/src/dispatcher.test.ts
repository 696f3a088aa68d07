import {
  Cancellation,
  defineContract,
  implement,
  type LocalCall,
  Metadata,
  MicroError,
  nullLogger,
  PENDING,
  serverStream,
  unary,
} from "@micro/core";
import { expect, test } from "vitest";
import { Dispatcher } from "./dispatcher.ts";
import { Routes } from "./routes.ts";

const contract = defineContract({
  name: "Quick",
  service: "test.quick",
  methods: { count: unary(), atOnce: unary(), soon: unary(), refuse: unary(), stream: serverStream() },
});

/** Always the same object, which only the caller can copy in time. */
const state = { count: 0 };

const handlers = implement(contract, {
  count: () => {
    state.count++;
    for (const until = performance.now() + 1; performance.now() < until; );
    return state;
  },
  atOnce: () => ({}),
  soon: async () => ({}),
  refuse: () => {
    throw new MicroError({ code: "CONFLICT", detail: "taken" });
  },
  async *stream() {
    yield {};
  },
});

function makeDispatcher(): Dispatcher {
  const routes = new Routes("test.quick", handlers, []);
  return new Dispatcher({ service: "test.quick", routes, maxConcurrent: 100, logger: nullLogger });
}

function localCall(
  called: Pick<LocalCall, "endpoint" | "kind">,
  cancellation = new Cancellation(),
): LocalCall {
  return { ...called, metadata: new Metadata(), deadline: Infinity, cancellation, message: {} };
}

test("a reply is told before anything else runs that may change it, also where the call had to wait for its turn", async () => {
  const dispatcher = makeDispatcher();
  const told: number[] = [];
  const all = Promise.withResolvers<void>();
  const replied = (reply: unknown): void => {
    told.push((reply as typeof state).count);
    if (told.length === 40) all.resolve();
  };
  const enter = dispatcher.entry("Quick.Count");
  for (let at = 0; at < 40; at++) {
    const call = localCall({ endpoint: "Quick.Count", kind: "unary" });
    const reply = enter?.(call, {}, { replied, failed: all.reject });
    if (reply !== PENDING) replied(reply);
  }
  await all.promise;
  expect(told).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
});

test("a call that was given up while it waited for its turn does not begin", async () => {
  const dispatcher = makeDispatcher();
  const before = state.count;
  const cancellation = new Cancellation();
  const calls = Array.from({ length: 40 }, () =>
    dispatcher.local(localCall({ endpoint: "Quick.Count", kind: "unary" }, cancellation)),
  );
  const begun = state.count - before;
  expect(begun).toBeLessThan(40);
  cancellation.abort(new Error("no longer wanted"));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(begun);
  expect(state.count - before).toBe(begun);
});

test.for([
  { endpoint: "Quick.AtOnce", kind: "unary" },
  { endpoint: "Quick.Soon", kind: "unary" },
  { endpoint: "Quick.Refuse", kind: "unary" },
  { endpoint: "Quick.Stream", kind: "serverStream" },
] as const)(
  "a loop of local calls of $endpoint leaves timers, signals and sockets their turn",
  async (called) => {
    const dispatcher = makeDispatcher();
    const call = async (): Promise<void> => {
      const output = await dispatcher.local(localCall(called));
      if (called.kind === "serverStream") for await (const _ of output as AsyncIterable<unknown>);
    };
    let fired = false;
    const timer = setTimeout(() => {
      fired = true;
    });
    const until = performance.now() + 2000;
    while (!fired && performance.now() < until) {
      await call().catch((error) => expect(error.code).toBe("CONFLICT"));
    }
    clearTimeout(timer);
    expect(fired).toBe(true);
    expect(dispatcher.active).toBe(0);
  },
);
