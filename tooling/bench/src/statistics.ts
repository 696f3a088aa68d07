import type { Sample } from "./process-pair.ts";

/** The measures of a sample, in the order of the table. */
export const measures = ["callsPerSecond", "p50Us", "p99Us", "cpuUsPerCall", "rssBytes"] as const;

/** One of {@link measures}. */
export type Measure = (typeof measures)[number];

/** The samples of one peer in one workload, one a round; undefined where a peer cannot do it. */
export interface Row {
  readonly workload: string;
  readonly peer: string;
  readonly samples: readonly Sample[];
}

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The median of one measure over the rounds. */
export function typical(row: Row, measure: Measure): number {
  return median(row.samples.map((sample) => sample[measure]));
}

/**
 * The median over the rounds of `row ÷ other`. Both numbers of a ratio come from the same round, so that a
 * machine that gets slower in between slows both.
 */
export function ratio(row: Row, other: Row, measure: Measure): number {
  const rounds = Math.min(row.samples.length, other.samples.length);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ours = row.samples[round];
    const theirs = other.samples[round];
    if (ours !== undefined && theirs !== undefined) ratios.push(ours[measure] / theirs[measure]);
  }
  return median(ratios);
}
