import { type LogFields, type Logger, nullLogger } from "@micro/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LimitedWarning } from "./limited-warning.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recorded() {
  const lines: LogFields[] = [];
  const logger: Logger = { ...nullLogger, warn: (_message, fields) => void lines.push(fields ?? {}) };
  return { lines, warning: new LimitedWarning(logger, { message: "again", intervalMs: 1000 }) };
}

test("the first is told at once, the others as one line per interval, with a count", () => {
  const { lines, warning } = recorded();
  for (let index = 0; index < 5000; index++) warning.warn({ index });
  expect(lines).toEqual([{ index: 0 }]);
  vi.advanceTimersByTime(1000);
  expect(lines).toEqual([{ index: 0 }, { index: 4999, leftOut: 4998 }]);
  warning.warn({ index: "one more" });
  vi.advanceTimersByTime(1000);
  expect(lines.slice(2)).toEqual([{ index: "one more", leftOut: 0 }]);
  vi.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(0);
  warning.warn({ index: "much later" });
  expect(lines.slice(3)).toEqual([{ index: "much later" }]);
});

test("what waits is told at the end", () => {
  const { lines, warning } = recorded();
  for (let index = 0; index < 3; index++) warning.warn({ index });
  warning.close();
  expect(lines).toEqual([{ index: 0 }, { index: 2, leftOut: 1 }]);
  expect(vi.getTimerCount()).toBe(0);
});
