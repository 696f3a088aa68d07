import { EventEmitter, once } from "node:events";
import { describe, expect, test } from "vitest";
import {
  type Call,
  type CallContext,
  compose,
  currentCall,
  detached,
  type Middleware,
  runInCall,
} from "./call.ts";

const context = (endpoint: string): CallContext => ({ endpoint }) as CallContext;

describe("the current call", () => {
  test("is there across awaits, timers, events and iterations, and nowhere else", async () => {
    const seen: (string | undefined)[] = [];
    const look = (): void => void seen.push(currentCall()?.endpoint);
    async function* source() {
      look();
      yield 1;
      await Promise.resolve();
      look();
    }
    await runInCall(context("A"), async () => {
      look();
      await Promise.resolve();
      look();
      await new Promise<void>((resolve) =>
        setTimeout(() => {
          look();
          resolve();
        }, 1),
      );
      await new Promise<void>((resolve) =>
        setImmediate(() => {
          look();
          resolve();
        }),
      );
      const emitter = new EventEmitter();
      queueMicrotask(() => emitter.emit("done"));
      await once(emitter, "done");
      look();
      for await (const _ of source()) look();
    });
    look();
    expect(seen).toEqual(["A", "A", "A", "A", "A", "A", "A", "A", undefined]);
  });

  test("is the inner one inside, and the outer one again after it", async () => {
    await runInCall(context("outer"), async () => {
      await runInCall(context("inner"), async () => {
        await Promise.resolve();
        expect(currentCall()?.endpoint).toBe("inner");
      });
      expect(currentCall()?.endpoint).toBe("outer");
    });
  });

  test("of many at a time is each one's own", async () => {
    const endpoints = Array.from({ length: 100 }, (_, index) => `E${index}`);
    const seen = await Promise.all(
      endpoints.map((endpoint) =>
        runInCall(context(endpoint), async () => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          return currentCall()?.endpoint;
        }),
      ),
    );
    expect(seen).toEqual(endpoints);
  });

  test("passes between two copies of the package", () => {
    const storage = (globalThis as Record<symbol, { getStore(): unknown }>)[Symbol.for("micro.call.storage")];
    runInCall(context("A"), () => expect(storage?.getStore()).toBe(currentCall()));
  });
});

describe("middleware", () => {
  test("listed first is outermost; each sees request and reply, may change them, answer itself, or refuse", async () => {
    const order: string[] = [];
    const layer =
      (name: string): Middleware =>
      (next) =>
      async (call) => {
        order.push(`${name} in`);
        call.message = `${String(call.message)}${name}`;
        const reply = await next(call);
        order.push(`${name} out`);
        return `${String(reply)}${name}`;
      };
    const call = { message: "" } as Call;
    const invoke = compose([layer("a"), layer("b")], async ({ message }) => `<${String(message)}>`);
    expect(await invoke(call)).toBe("<ab>ba");
    expect(order).toEqual(["a in", "b in", "b out", "a out"]);
    const answering = compose([() => async () => "cached", layer("never")], async () => "reply");
    expect(await answering(call)).toBe("cached");
    const refusing = compose([layer("a"), () => () => Promise.reject(new Error("no"))], async () => "reply");
    await expect(refusing(call)).rejects.toThrow("no");
    expect(await compose([], async () => "bare")(call)).toBe("bare");
  });
});

test("what runs detached inherits nothing, and the call is current again after it", () => {
  runInCall(context("A"), () => {
    expect(detached(() => currentCall())).toBeUndefined();
    expect(currentCall()?.endpoint).toBe("A");
  });
});
