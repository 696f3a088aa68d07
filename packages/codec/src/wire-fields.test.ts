import { expect, test } from "vitest";
import { readWireFields, wireInt32, wireText } from "./wire-fields.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("texts and numbers are found by their number, the last of each, whatever stands between", () => {
  // 1: "a", 2: 300, 3 as fixed64, 4 as fixed32, 1: "b", 2: -1 in ten bytes
  const fields = readWireFields(
    bytes("0a0161 10ac02 190000000000000000 2500000000 0a0162 10ffffffffffffffffff01"),
  );
  expect(wireText(fields, 1)).toBe("b");
  expect(wireInt32(fields, 2)).toBe(-1);
  expect([wireText(fields, 2), wireInt32(fields, 1), wireText(fields, 9), wireInt32(fields, 9)]).toEqual([
    "",
    0,
    "",
    0,
  ]);
});

test.each([
  "0a",
  "0a05 61",
  "0affffffffffffffffff7f 61",
  "08 ffffffffffffffffffffff",
  "0b",
  "19 00",
  "25 00",
])("%s is no message", (hex) => {
  expect(() => readWireFields(bytes(hex))).toThrow(RangeError);
});
