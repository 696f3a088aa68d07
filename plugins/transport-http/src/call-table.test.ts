import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CallTable, callNumber, NamedCallTable } from "./call-table.ts";

test("holds what a map would hold, however the numbers come and go", () => {
  const id = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 6 }).map((times) => times * 65_536),
    fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 3 }),
    fc.integer({ min: 2 ** 40, max: 2 ** 40 + 3 }),
  );
  const step = fc.record({ id, add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new CallTable<string>();
      const model = new Map<number, string>();
      for (const { id: number, add } of steps) {
        if (add && !model.has(number)) {
          table.set(number, `call ${number}`);
          model.set(number, `call ${number}`);
        } else if (!add) {
          table.delete(number);
          model.delete(number);
        }
        expect(table.size).toBe(model.size);
        expect(table.get(number)).toBe(model.get(number));
      }
      expect(table.values().sort()).toEqual([...model.values()].sort());
      table.clear();
      expect([table.size, table.values()]).toEqual([0, []]);
    }),
  );
});

test("a call that lasts stays while a million others come and go", () => {
  const table = new CallTable<number>();
  table.set(1, 1);
  for (let id = 2; id < 1_000_000; id++) {
    table.set(id, id);
    if (table.get(id) !== id || table.get(1) !== 1) throw new Error(`lost at ${id}`);
    table.delete(id);
  }
  expect(table.values()).toEqual([1]);
});

test("grows with a burst and finds everything in it", () => {
  const table = new CallTable<number>();
  for (let id = 1; id <= 100_000; id++) table.set(id, id);
  expect(table.size).toBe(100_000);
  for (let id = 100_000; id > 0; id--) {
    expect(table.get(id)).toBe(id);
    table.delete(id);
  }
  expect([table.size, table.get(7)]).toEqual([0, undefined]);
});

test("an id is a number only in its usual form, so that no two ids share one", () => {
  expect(["1", "42", "123456789012345"].map(callNumber)).toEqual([1, 42, 123_456_789_012_345]);
  for (const id of ["", "0", "01", "1 ", "-1", "1.5", "a1", "1234567890123456"])
    expect(callNumber(id)).toBe(0);
});

test("ids of any form are kept apart", () => {
  const table = new NamedCallTable<{ id: string; number: number }>();
  const calls = ["7", "07", "", "a"].map((id) => ({ id, number: callNumber(id) }));
  for (const call of calls) expect(table.add(call)).toBe(true);
  for (const call of calls) {
    expect(table.add(call)).toBe(false);
    expect(table.get(call.id)).toBe(call);
  }
  table.delete({ id: "07", number: 0 });
  expect([table.size, table.get("07"), table.get("7")]).toEqual([3, undefined, calls[0]]);
  expect(table.takeAll()).toHaveLength(3);
  expect(table.size).toBe(0);
});
