import { expect, test } from "vitest";
import { measure } from "./measure.ts";
import type { Workload } from "./workloads.ts";

const echo: Workload = { name: "echo-64", title: "", kind: "calls", inFlight: 64, items: 0 };
const plan = { rounds: 2, seconds: 0.05, warmup: 0.05, settle: 0.02, profileDir: undefined };

test("two processes are measured together, round by round, and leave", async () => {
  const { rows, failures } = await measure(echo, { ...plan, peers: ["raw-tcp", "raw-http"] });
  expect(failures).toEqual([]);
  expect(rows.map(({ peer }) => peer)).toEqual(["raw-tcp", "raw-http"]);
  for (const { samples } of rows) {
    expect(samples).toHaveLength(2);
    for (const sample of samples) {
      expect(sample.callsPerSecond).toBeGreaterThan(100);
      expect(sample.cpuUsPerCall).toBeGreaterThan(0.1);
      expect(sample.rssBytes).toBeGreaterThan(2 ** 20);
    }
  }
});

test("a peer that fails is named and left out, the others are measured", async () => {
  const { rows, failures } = await measure(echo, { ...plan, peers: ["nobody", "plain-async"] });
  expect(rows.map(({ peer }) => peer)).toEqual(["plain-async"]);
  expect(failures.join("\n")).toContain("server of nobody");
});
