import { expect, test } from "vitest";
import { isolate as isolateBy } from "./isolate.ts";

/** How often JSON was asked. */
function jsonCall() {
  return { seen: { encoded: 0 } };
}

const isolate = (value: unknown, call: ReturnType<typeof jsonCall>): unknown =>
  isolateBy(value, call, (one, { seen }) => {
    seen.encoded++;
    return JSON.parse(JSON.stringify(one));
  });

test("plain data is copied without the codec, and the copy shares nothing with it", () => {
  const call = jsonCall();
  const original = { text: "a", none: null, nothing: undefined, list: [1, [2, { deep: true }]], on: false };
  const copy = isolate(original, call) as typeof original;
  expect(copy).toEqual(original);
  copy.list.push(3);
  (copy.list[1] as unknown[]).push(4);
  expect(original.list).toEqual([1, [2, { deep: true }]]);
  expect(call.seen.encoded).toBe(0);
});

test.each([[1], ["text"], [true], [null]])("%s stays what it is", (value) => {
  expect(isolate(value, jsonCall())).toBe(value);
});

test("a frozen message gives a copy that can be changed", () => {
  const copy = isolate(Object.freeze({ inner: Object.freeze({ a: 1 }) }), jsonCall()) as {
    inner: { a: number };
  };
  copy.inner.a = 2;
  expect(copy).toEqual({ inner: { a: 2 } });
});

test("what is not plain becomes what the codec makes of it, as over the wire", () => {
  class Point {
    readonly x = 1;
  }
  const messages: readonly unknown[] = [
    { date: new Date(5) },
    { later: () => 1, kept: true },
    { deep: [{ point: new Point() }] },
    { map: new Map([["k", 1]]) },
    { numbers: [Number.NaN, Number.POSITIVE_INFINITY] },
    { list: [undefined, Symbol("x")] },
    { money: { toJSON: () => "12 EUR" } },
    new Point(),
  ];
  for (const message of messages) {
    const call = jsonCall();
    expect(isolate(message, call)).toEqual(JSON.parse(JSON.stringify(message)));
    expect(call.seen.encoded).toBe(1);
  }
});

test("a key named __proto__ changes no prototype, and is for the codec to refuse", () => {
  for (const text of ['{"__proto__": {"polluted": true}, "a": 1}', '{"deep": [{"__proto__": 1}]}']) {
    const call = jsonCall();
    const copy = isolate(JSON.parse(text), call) as { a: number };
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect("polluted" in copy).toBe(false);
    expect(call.seen.encoded).toBe(1);
  }
});

test("what a getter throws is thrown by the codec, who reads it too", () => {
  const message = {
    get broken(): never {
      throw new Error("no value");
    },
  };
  const call = jsonCall();
  expect(() => isolate(message, call)).toThrow("no value");
  expect(call.seen.encoded).toBe(1);
});

test("a key named constructor is data, and an object without a prototype is plain", () => {
  const bare = Object.assign(Object.create(null) as object, { a: 1 });
  const copy = isolate({ constructor: "Acme", bare, none: { constructor: null } }, jsonCall());
  expect(copy).toEqual({ constructor: "Acme", bare: { a: 1 }, none: { constructor: null } });
});

test("what contains itself is for the codec to refuse", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(() => isolate(circle, jsonCall())).toThrow("circular");
});
