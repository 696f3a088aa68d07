import { expect, test } from "vitest";
import { printable, printableLine, toJson } from "./printable.ts";

test("texts of others cannot command the terminal", () => {
  expect(printable("a\u001b[2Jb\nc")).toBe("a\\u001b[2Jb\nc");
  expect(printableLine("a\nb\u202ec")).toBe("a\\nb\\u202ec");
  expect(toJson({ a: "\u001b\u009b\u202e" })).toBe('{"a":"\\u001b\\u009b\\u202e"}');
});

test("JSON shows what JSON has no word for", () => {
  const value = {
    big: 12345678901234567890n,
    bytes: Buffer.from("hi"),
    list: [new Uint8Array([1])],
    none: undefined,
  };
  expect(toJson(value)).toBe('{"big":12345678901234567890,"bytes":"aGk=","list":["AQ=="]}');
  expect(toJson(undefined)).toBe("null");
});
