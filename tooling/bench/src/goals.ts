import { type Measure, type Row, ratio } from "./statistics.ts";

/** A ratio of `peer` to the best of `against` that the project wants to reach. */
interface Goal {
  readonly workload: string;
  readonly measure: Measure;
  readonly peer: string;
  readonly against: readonly string[];
  readonly atLeast?: number;
  readonly atMost?: number;
}

const goals: readonly Goal[] = [
  { workload: "echo-64", measure: "callsPerSecond", peer: "micro", against: ["raw-http"], atLeast: 0.7 },
  {
    workload: "echo-64",
    measure: "callsPerSecond",
    peer: "micro",
    against: ["nest-tcp", "moleculer-tcp"],
    atLeast: 1.5,
  },
  { workload: "echo-1", measure: "p50Us", peer: "micro", against: ["raw-tcp"], atMost: 1.4 },
  ...["echo-1", "echo-64", "stream"].map(
    (workload): Goal => ({
      workload,
      measure: "callsPerSecond",
      peer: "micro-grpc",
      against: ["grpc-js"],
      atLeast: 0.95,
    }),
  ),
  ...["micro-local", "micro-local-async"].map(
    (peer): Goal => ({
      workload: "echo-1",
      measure: "callsPerSecond",
      peer,
      against: ["moleculer-local"],
      atLeast: 1.5,
    }),
  ),
];

/** One line for each goal that the rows can tell about: what was wanted, what came out, met or missed. */
export function goalLines(rows: readonly Row[]): readonly string[] {
  const lines: string[] = [];
  for (const { workload, measure, peer, against, atLeast, atMost } of goals) {
    const find = (name: string): Row | undefined =>
      rows.find((row) => row.workload === workload && row.peer === name);
    const ours = find(peer);
    const theirs = against.map(find).filter((row) => row !== undefined);
    if (ours === undefined || theirs.length < against.length) continue;
    const ratios = theirs.map((row) => ratio(ours, row, measure));
    const value = atLeast === undefined ? Math.max(...ratios) : Math.min(...ratios);
    const met = atLeast === undefined ? value <= (atMost ?? 0) : value >= atLeast;
    const wanted = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
    lines.push(
      `${met ? "met   " : "missed"} ${workload} ${measure}: ${peer} is ${value.toFixed(2)} × ` +
        `${against.join(" and ")} (wanted ${wanted})`,
    );
  }
  return lines;
}
