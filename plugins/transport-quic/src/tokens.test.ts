import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReadBudget } from "./read-budget.ts";
import { ResetTokens } from "./reset-token.ts";
import { RetryTokens } from "./retry-token.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const scid = randomBytes(20);
const binding = { remote: "127.0.0.1:5000", scid };

test("a retry token is taken from the address and for the connection it was made for, for ten seconds", () => {
  const tokens = new RetryTokens();
  const odcid = randomBytes(16);
  const token = tokens.mint(odcid, binding);
  expect(tokens.open(token, binding)).toEqual(odcid);
  expect(tokens.open(token, { ...binding, remote: "127.0.0.1:5001" })).toBeUndefined();
  expect(tokens.open(token, { ...binding, scid: randomBytes(20) })).toBeUndefined();
  expect(new RetryTokens().open(token, binding)).toBeUndefined();
  for (let at = 0; at < token.length; at++) {
    const changed = Buffer.from(token);
    changed[at] = (changed[at] as number) ^ 1;
    expect(tokens.open(changed, binding)).toBeUndefined();
  }
  for (let length = 0; length < token.length; length++) {
    expect(tokens.open(token.subarray(0, length), binding)).toBeUndefined();
  }
  vi.advanceTimersByTime(9_999);
  expect(tokens.open(token, binding)).toEqual(odcid);
  vi.advanceTimersByTime(2);
  expect(tokens.open(token, binding)).toBeUndefined();
});

test("a reset token is the same for the same key, and its datagram shorter than what it answers", () => {
  const tokens = new ResetTokens("a key");
  expect(new ResetTokens("a key").of(scid)).toBe(tokens.of(scid));
  expect(new ResetTokens("another key").of(scid)).not.toBe(tokens.of(scid));
  expect(tokens.answer(scid, 21)).toBeUndefined();
  for (const length of [22, 43, 44, 1350]) {
    const answer = tokens.answer(scid, length) as Buffer;
    expect(answer.length).toBe(Math.min(43, length - 1));
    expect((answer[0] as number) >> 6).toBe(1);
    expect(BigInt(`0x${answer.subarray(-16).toString("hex")}`)).toBe(tokens.of(scid));
  }
});

test("messages beyond the budget wait, the first always fits, and whoever leaves is not told", () => {
  const budget = new ReadBudget(100);
  const told: string[] = [];
  const waiter = (name: string) => ({ onBudget: () => void told.push(name) });
  const gone = waiter("gone");
  expect(budget.take(500, waiter("large"))).toBe(true);
  expect(budget.take(1, waiter("small"))).toBe(false);
  expect(budget.take(1, gone)).toBe(false);
  budget.leave(gone);
  budget.give(500);
  expect(told).toEqual(["small"]);
  expect(budget.take(60, waiter("a"))).toBe(true);
  expect(budget.take(60, waiter("b"))).toBe(false);
  expect(budget.take(40, waiter("c"))).toBe(true);
  budget.give(60);
  expect(told).toEqual(["small", "b"]);
});
