import { describe, expect, test } from "vitest";
import { Cancellation } from "./cancellation.ts";

describe("a cancellation", () => {
  test("tells all listeners once, in order, with the first reason", () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    for (const name of ["a", "b"])
      cancellation.onAbort(({ message }) => void told.push(`${name}: ${message}`));
    expect(cancellation.aborted).toBe(false);
    cancellation.abort(new Error("first"));
    cancellation.abort(new Error("second"));
    cancellation.onAbort(({ message }) => void told.push(`late: ${message}`));
    expect(told).toEqual(["a: first", "b: first", "late: first"]);
    expect(cancellation.reason?.message).toBe("first");
  });

  test("does not tell a listener that was taken back, even by another listener", () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    let takeBack = (): void => undefined;
    cancellation.onAbort(() => takeBack());
    takeBack = cancellation.onAbort(() => void told.push("taken back"));
    const gone = cancellation.onAbort(() => void told.push("gone"));
    gone();
    gone();
    cancellation.onAbort(() => void told.push("last"));
    cancellation.abort(new Error("stop"));
    expect(told).toEqual(["last"]);
  });

  test("runs every listener when some of them throw, and throws what they threw", () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    cancellation.onAbort(() => {
      throw new Error("a");
    });
    cancellation.onAbort(() => void told.push("b"));
    expect(() => cancellation.abort(new Error("stop"))).toThrow("a");
    expect(told).toEqual(["b"]);
    expect(cancellation.aborted).toBe(true);
  });

  test("is a standard signal, before and after, and follows one until it is let go", () => {
    const reason = new Error("stop");
    const early = new Cancellation();
    const { signal } = early;
    expect(signal.aborted).toBe(false);
    early.abort(reason);
    expect([signal.aborted, signal.reason, early.signal]).toEqual([true, reason, signal]);
    const late = new Cancellation();
    late.abort(reason);
    expect(late.signal.reason).toBe(reason);

    const controller = new AbortController();
    const [following, letGo] = [new Cancellation(), new Cancellation()];
    following.follow(controller.signal);
    letGo.follow(controller.signal)();
    controller.abort("a text");
    expect(following.reason).toEqual(new Error("a text"));
    expect(letGo.aborted).toBe(false);
    const already = new Cancellation();
    already.follow(AbortSignal.abort(reason));
    expect(already.reason).toBe(reason);
  });
});
