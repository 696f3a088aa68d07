import type { Value } from "@micro/registry";
import { expect, test } from "vitest";
import { showType } from "./value-tree.ts";

const leaf = (name: string, type: string): Value => ({ name, type, values: null });

test("a type is written on one line where it fits", () => {
  const address: Value = { name: "address", type: "Address", values: [leaf("city", "string")] };
  const person: Value = { name: "Person", type: "Person", values: [leaf("age", "int64"), address] };
  expect(showType(person)).toBe("{ age: int64; address: { city: string } }");
  expect(showType({ name: "list", type: "[]Address", values: address.values })).toBe("[]{ city: string }");
  expect(showType(leaf("Context", "Context"))).toBe("Context");
  expect(showType(null)).toBe("-");
});

test("else a line for each field", () => {
  const values = Array.from({ length: 8 }, (_, index) => leaf(`some_long_field_${index}`, "string"));
  const lines = showType({ name: "Wide", type: "Wide", values }).split("\n");
  expect(lines[0]).toBe("{");
  expect(lines[1]).toBe("  some_long_field_0: string;");
  expect(lines.at(-1)).toBe("}");
});

test("names cannot command the terminal", () => {
  expect(showType({ name: "x", type: "x", values: [leaf("a\u001b[2J", "b\nc")] })).toBe(
    "{ a\\u001b[2J: b\\nc }",
  );
});
