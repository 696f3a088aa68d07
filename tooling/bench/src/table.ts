import { isLocal } from "./peers/index.ts";
import { type Measure, measures, type Row, ratio, typical } from "./statistics.ts";
import type { Workload } from "./workloads.ts";

const titles: Readonly<Record<Measure, string>> = {
  callsPerSecond: "calls/s",
  p50Us: "p50 µs",
  p99Us: "p99 µs",
  cpuUsPerCall: "CPU µs/call",
  rssBytes: "RSS MB",
};

/**
 * One Markdown table, aligned to be read in a terminal too. Beside each measure stands `×`, the reference
 * divided by the row: local peers are compared with the local reference, the others with the other one.
 */
export function table(
  rows: readonly Row[],
  workloads: readonly Workload[],
  references: readonly string[],
): string {
  const head = ["workload", "peer", ...measures.flatMap((measure) => [titles[measure], "×"])];
  const lines = [head];
  for (const workload of workloads) {
    let title = workload.title;
    for (const row of rows) {
      if (row.workload !== workload.name) continue;
      const reference = rows.find(
        (other) =>
          other.workload === row.workload &&
          references.includes(other.peer) &&
          isLocal(other.peer) === isLocal(row.peer),
      );
      const cells = measures.flatMap((measure) => [
        number(measure === "rssBytes" ? typical(row, measure) / 2 ** 20 : typical(row, measure)),
        reference === undefined ? "" : number(ratio(reference, row, measure), 2),
      ]);
      lines.push([title, row.peer, ...cells]);
      title = "";
    }
  }
  return align(lines);
}

function number(value: number, digits = value < 10 ? 2 : value < 100 ? 1 : 0): string {
  if (Number.isNaN(value)) return "–";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const isText = (column: number): boolean => column < 2;
  const text = lines.map((line) => {
    const cells = widths.map((width, column) => {
      const cell = line[column] ?? "";
      return isText(column) ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${cells.join(" | ")} |`;
  });
  const rule = widths.map((width, column) =>
    isText(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [text[0], `| ${rule.join(" | ")} |`, ...text.slice(1)].join("\n");
}
