import {
  Cancellation,
  defineContract,
  implement,
  type LocalCall,
  Metadata,
  MicroError,
  nullLogger,
  serverStream,
  unary,
} from "@micro/core";
import { expect, test } from "vitest";
import { Dispatcher } from "./dispatcher.ts";
import { Routes } from "./routes.ts";

const contract = defineContract({
  name: "Quick",
  service: "test.quick",
  methods: { atOnce: unary(), soon: unary(), refuse: unary(), stream: serverStream() },
});

const handlers = implement(contract, {
  atOnce: () => ({}),
  soon: async () => ({}),
  refuse: () => {
    throw new MicroError({ code: "CONFLICT", detail: "taken" });
  },
  async *stream() {
    yield {};
  },
});

test.for([
  { endpoint: "Quick.AtOnce", kind: "unary" },
  { endpoint: "Quick.Soon", kind: "unary" },
  { endpoint: "Quick.Refuse", kind: "unary" },
  { endpoint: "Quick.Stream", kind: "serverStream" },
] as const)(
  "a loop of local calls of $endpoint leaves timers, signals and sockets their turn",
  async (called) => {
    const routes = new Routes("test.quick", handlers, []);
    const dispatcher = new Dispatcher({
      service: "test.quick",
      routes,
      maxConcurrent: 10,
      logger: nullLogger,
    });
    const call = async (): Promise<void> => {
      const cancellation = new Cancellation();
      const local: LocalCall = {
        ...called,
        metadata: new Metadata(),
        deadline: Infinity,
        cancellation,
        message: {},
      };
      const output = await dispatcher.local(local);
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
