import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

test("a percentile is within 1.6 % of the recorded value", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_294_967_295 }), (ns) => {
      const histogram = new Histogram();
      histogram.record(ns / 1e6);
      expect(Math.abs(histogram.percentile(0.5) * 1000 - ns)).toBeLessThanOrEqual(Math.max(ns * 0.016, 1));
    }),
  );
});

test("percentiles are taken by rank", () => {
  const histogram = new Histogram();
  for (let index = 1; index <= 100; index += 1) histogram.record(index);
  expect(histogram.percentile(0.5)).toBeCloseTo(50_000, -3.2);
  expect(histogram.percentile(0.99) / 99_000).toBeCloseTo(1, 1);
  expect(histogram.percentile(1) / 100_000).toBeCloseTo(1, 1);
});

test("a duration over the range counts as the longest one", () => {
  const histogram = new Histogram();
  histogram.record(60_000);
  expect(histogram.percentile(0.5) / 4_294_967).toBeCloseTo(1, 1);
  expect(new Histogram().percentile(0.5)).toBeNaN();
});
