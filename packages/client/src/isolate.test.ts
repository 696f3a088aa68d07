import { MicroError } from "@micro/core";
import { expect, test } from "vitest";
import { isolate } from "./isolate.ts";

function errorOf(body: () => unknown): MicroError {
  try {
    body();
  } catch (error) {
    if (MicroError.is(error)) return error;
    throw error;
  }
  throw new Error("it must throw");
}

test("a copy equals its original and shares nothing with it", () => {
  const original = {
    text: "a",
    none: null,
    nothing: undefined,
    big: 2n ** 70n,
    list: [1, [2, { deep: true }]],
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
    map: new Map([["k", { v: 1 }]]),
    set: new Set([1]),
  };
  const copy = isolate(original) as typeof original;
  expect(copy).toEqual(original);
  copy.list.push(3);
  (copy.list[1] as unknown[]).push(4);
  copy.bytes[0] = 9;
  copy.date.setTime(0);
  (copy.map.get("k") as { v: number }).v = 2;
  expect(original).toEqual({
    ...original,
    list: [1, [2, { deep: true }]],
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
    map: new Map([["k", { v: 1 }]]),
  });
});

test.each([[1], ["text"], [true], [null], [undefined], [5n]])("%s stays what it is", (value) => {
  expect(isolate(value)).toBe(value);
});

test("a frozen message gives a copy that can be changed", () => {
  const copy = isolate(Object.freeze({ inner: Object.freeze({ a: 1 }) })) as { inner: { a: number } };
  copy.inner.a = 2;
  expect(copy).toEqual({ inner: { a: 2 } });
});

test("a Buffer does not share its memory", () => {
  const buffer = Buffer.from("abc");
  const copy = isolate({ buffer }) as { buffer: Buffer };
  copy.buffer[0] = 0;
  expect(buffer.toString()).toBe("abc");
});

test("an instance of a class becomes a plain object of its fields", () => {
  class Point {
    readonly x = 1;
    get twice() {
      return this.x * 2;
    }
  }
  const copy = isolate(new Point());
  expect(copy).toEqual({ x: 1 });
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

test("a key named __proto__ changes no prototype", () => {
  const copy = isolate(JSON.parse('{"__proto__": {"polluted": true}, "a": 1}')) as { a: number };
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect("polluted" in copy).toBe(false);
});

test("what is no data is refused by its path", () => {
  const error = errorOf(() => isolate({ a: [{ b: () => 1 }] }));
  expect([error.code, error.detail]).toEqual([
    "INTERNAL",
    "message.a.0.b is a function: messages are plain data",
  ]);
  expect(errorOf(() => isolate(Symbol("x"))).detail).toBe("the message is a symbol: messages are plain data");
  expect(errorOf(() => isolate({ p: Promise.resolve() })).detail).toContain("message.p cannot be copied");
});

test("a circle ends with an error", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(errorOf(() => isolate(circle)).detail).toContain("circle");
});
