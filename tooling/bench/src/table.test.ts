import { expect, test } from "vitest";
import { goalLines } from "./goals.ts";
import type { Sample } from "./process-pair.ts";
import { type Row, ratio } from "./statistics.ts";
import { table } from "./table.ts";
import { workloads } from "./workloads.ts";

const sample = (callsPerSecond: number): Sample => ({
  callsPerSecond,
  p50Us: 10,
  p99Us: 20,
  cpuUsPerCall: 5,
  rssBytes: 2 ** 20,
});
const row = (peer: string, ...rates: number[]): Row => ({
  workload: "echo-64",
  peer,
  samples: rates.map(sample),
});

test("a ratio compares within a round, so that a slow round does no harm", () => {
  expect(ratio(row("micro", 200, 20, 200), row("raw-http", 100, 10, 100), "callsPerSecond")).toBe(2);
});

test("the reference of a row is the one of its own kind", () => {
  const rows = [row("micro", 100), row("raw-http", 200), row("micro-local", 1000), row("plain-async", 4000)];
  const lines = table(rows, workloads, ["micro", "micro-local"]).split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[3]).toMatch(/raw-http .* 200 \| 0\.50 /);
  expect(lines[5]).toMatch(/plain-async .* 4,000 \| 0\.25 /);
});

test("a goal counts against the best of its peers and needs all of them", () => {
  const rows = [row("micro", 150), row("nest-tcp", 90), row("moleculer-tcp", 110)];
  expect(goalLines(rows)).toEqual([expect.stringMatching(/^missed .* 1\.36 × nest-tcp and moleculer-tcp/)]);
  expect(goalLines(rows.slice(0, 2))).toEqual([]);
});
