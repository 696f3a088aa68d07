import { multicastAvailable } from "@micro/registry-mdns";
import { DIRECTIONS, type Row, type RowRun } from "./row.ts";

/** The same rows for a host that may have no multicast: there they say so instead of failing. */
export function needingMulticast(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => {
    const [first, second] = DIRECTIONS.map((direction) => guarded(row.runs[direction])) as [RowRun, RowRun];
    return { ...row, runs: { "go→ts": first, "ts→go": second } };
  });
}

function guarded(run: RowRun): RowRun {
  return async (world) => {
    const multicast = await world.share("multicast", () => multicastAvailable());
    if (multicast.ok) return run(world);
    return { verdict: "not applicable", note: multicast.reason };
  };
}
