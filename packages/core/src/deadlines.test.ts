import { expect, test } from "vitest";
import { Deadlines, type Expiring, UNWATCHED } from "./deadlines.ts";

function entry(dueAt: number, expire: () => void): Expiring & { dueAt: number } {
  return { dueAt, expire, slot: UNWATCHED, previous: undefined, next: undefined };
}

test("each entry expires once, not before its time and soon after it, in the order of time", async () => {
  const deadlines = new Deadlines();
  const start = Date.now();
  const late: number[] = [];
  const order: number[] = [];
  const offsets = [120, 0, 35, 35, 61, 7, 90, -50];
  await new Promise<void>((resolve) => {
    for (const offset of offsets) {
      deadlines.add(
        entry(start + offset, () => {
          late.push(Date.now() - (start + Math.max(0, offset)));
          order.push(offset);
          if (order.length === offsets.length) resolve();
        }),
      );
    }
  });
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...late)).toBeLessThan(1000);
  expect(order.map((offset) => Math.max(0, Math.floor(offset / 8)))).toEqual(
    [...order].map((offset) => Math.max(0, Math.floor(offset / 8))).sort((a, b) => a - b),
  );
  expect(deadlines.all()).toEqual([]);
});

test("what is removed does not expire, and removing twice is no error", async () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const first = entry(Date.now() + 20, () => expired.push("first"));
  const middle = entry(Date.now() + 20, () => expired.push("middle"));
  await new Promise<void>((resolve) => {
    const last = entry(Date.now() + 60, resolve);
    for (const one of [first, middle, last]) deadlines.add(one);
    deadlines.remove(middle);
    deadlines.remove(middle);
    deadlines.remove(first);
  });
  expect(expired).toEqual([]);
});

test("one that expires may remove and add others", async () => {
  const deadlines = new Deadlines();
  const due = Date.now() + 20;
  const expired: string[] = [];
  await new Promise<void>((resolve) => {
    const victim = entry(due, () => expired.push("victim"));
    const again = entry(due, () => expired.push("again"));
    // The last added stands first in its slot.
    deadlines.add(victim);
    deadlines.add(again);
    deadlines.add(
      entry(due, () => {
        deadlines.remove(victim);
        deadlines.remove(again);
        again.dueAt = Date.now() + 30;
        deadlines.add(again);
        deadlines.add(entry(Date.now() + 60, resolve));
      }),
    );
  });
  expect(expired).toEqual(["again"]);
});

test("what never expires is found among all and costs no timer", () => {
  const deadlines = new Deadlines();
  const before = process.getActiveResourcesInfo().length;
  const forever = entry(Infinity, () => undefined);
  deadlines.add(forever);
  expect(process.getActiveResourcesInfo().length).toBe(before);
  expect(deadlines.all()).toEqual([forever]);
  deadlines.remove(forever);
  expect(deadlines.all()).toEqual([]);
});

test("a deadline that is not asked for is not read before the next tick, and holds all the same", async () => {
  const deadlines = new Deadlines();
  const started = Date.now();
  let read = 0;
  const ended = entry(0, () => undefined);
  const never = entry(Infinity, () => undefined);
  await new Promise<void>((resolve) => {
    const late: Expiring = {
      ...entry(0, resolve),
      get dueAt() {
        read++;
        return started + 40;
      },
    };
    for (const one of [ended, late, never]) deadlines.addUnasked(one);
    deadlines.remove(ended);
    expect(read).toBe(0);
    expect(deadlines.all()).toEqual([never, late]);
  });
  expect(read).toBeGreaterThan(0);
  expect(Date.now() - started).toBeGreaterThanOrEqual(40);
  expect(deadlines.all()).toEqual([never]);
});
