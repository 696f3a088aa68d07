import { expect, test } from "vitest";
import { readWireFields, WireType, wireInt32, wireText } from "./wire-fields.ts";

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

test("numbers keep all their bits, and say how they were written", () => {
  const fields = readWireFields(
    bytes("08ffffffffffffffffff01 10ffffffffffffff0f 19ffffffffffffffff 2501000080 2800"),
  );
  expect(fields).toEqual([
    { number: 1, type: WireType.varint, value: 2n ** 64n - 1n },
    { number: 2, type: WireType.varint, value: 2n ** 53n - 1n },
    { number: 3, type: WireType.fixed64, value: 2n ** 64n - 1n },
    { number: 4, type: WireType.fixed32, value: 0x8000_0001n },
    { number: 5, type: WireType.varint, value: 0n },
  ]);
  expect([wireInt32(fields, 3), wireInt32(fields, 1)]).toEqual([0, -1]);
});

test("what is wrong is said with its field and its sizes", () => {
  expect(() => readWireFields(bytes("08 01 12 05 61"))).toThrow("field 2 announces 5 bytes, and 1 are there");
  expect(() => readWireFields(bytes("0f"))).toThrow("field 1 has the unknown wire type 7");
  expect(() => readWireFields(bytes("0002"))).toThrow("there is no field 0");
});

test.each([
  "0a",
  "00 02",
  "f8ffffffff01 00",
  "0a05 61",
  "0affffffffffffffffff7f 61",
  "08 ffffffffffffffffffffff",
  "0b",
  "19 00",
  "25 00",
])("%s is no message", (hex) => {
  expect(() => readWireFields(bytes(hex))).toThrow(RangeError);
});
