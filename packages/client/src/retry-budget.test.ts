import { expect, test } from "vitest";
import { RetryBudget } from "./retry-budget.ts";

test("a burst may be taken at once, and every ten calls earn one more", () => {
  const budget = new RetryBudget(3);
  expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, true, false]);
  for (let call = 0; call < 9; call++) budget.earn();
  expect(budget.hasSome).toBe(false);
  for (let call = 0; call < 2; call++) budget.earn();
  expect(budget.take()).toBe(true);
  for (let call = 0; call < 1000; call++) budget.earn();
  expect([1, 2, 3, 4].map(() => budget.take())).toEqual([true, true, true, false]);
});
