import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

describe("durations", () => {
  test.each([
    ["5s", 5000],
    ["1m30s", 90_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
    ["250us", 0.25],
    ["0", 0],
    [30, 30],
    ["5µs", 0.005], // the micro sign
    ["5μs", 0.005], // the Greek letter
  ])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test("a bare number is of the unit the option names", () => {
    expect(parseDuration(30, "s")).toBe(30_000);
    expect(parseDuration("30", "s")).toBe(30_000);
  });

  test.each(["", "s", "5 s", "-1s", "5x", "1s2", "9".repeat(400), Number.NaN, -1, Number.POSITIVE_INFINITY])(
    "%s is refused",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test.each([
    [59_999.9, "1m"],
    [3_599_999.9, "1h"],
    [999.9999, "1s"],
    [0.00001, "0s"],
    [1500.4, "1.5s"],
    [0.25, "250µs"],
  ])("%s ms is %s: no part of it is rounded up to 60", (ms, text) => expect(formatDuration(ms)).toBe(text));

  test("what is formatted reads back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });
});

describe("sizes", () => {
  test.each([
    ["4MiB", 4_194_304],
    ["64kB", 64_000],
    ["1.5KiB", 1536],
    ["12", 12],
    [0, 0],
  ])("%s is %d bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(["", "MiB", "4 potatoes", "5 constructor", "9".repeat(400), "9000000gib", -1, 1.5, 2 ** 60])(
    "%s is refused",
    (text) => expect(parseSize(text)).toBeUndefined(),
  );

  test("what is formatted reads back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});
