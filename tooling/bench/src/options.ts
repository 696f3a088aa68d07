import { parseArgs } from "node:util";
import { peerNames } from "./peers/index.ts";
import { type Workload, workloads } from "./workloads.ts";

/** What to measure and how long. */
export interface Options {
  readonly peers: readonly string[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Length of the unmeasured calls before the first round, in seconds. */
  readonly warmup: number;
  /** Length of the unmeasured calls at the beginning of each turn, in seconds. */
  readonly settle: number;
  /** The peers that the table's ratios are taken to: a networked one, a local one, or both. */
  readonly references: readonly string[];
  readonly json: string | undefined;
  readonly profileDir: string | undefined;
}

export const help = `Compares Micro with its peers, each with its own server and client process on 127.0.0.1.

  --peers a,b       ${peerNames.join(", ")} (default: all)
  --workloads a,b   ${workloads.map(({ name }) => name).join(", ")} (default: all)
  --rounds n        how often each peer is measured per workload (default 3)
  --seconds s       length of one measurement (default 0.8)
  --warmup s        unmeasured calls before the first round (default 1)
  --settle s        unmeasured calls before each measurement (default 0.3)
  --reference a,b   peers that the × columns divide by the row (default micro,micro-local)
  --json file       also writes every sample to a file
  --profile dir     writes a .cpuprofile of every process to a folder
  --quick           one short round of the small workloads
`;

/** Reads the command line; throws with a text that says what is wrong and what would be right. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args].filter((arg) => arg !== "--"),
    options: {
      peers: { type: "string" },
      workloads: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      warmup: { type: "string" },
      settle: { type: "string" },
      reference: { type: "string", default: "micro,micro-local" },
      json: { type: "string" },
      profile: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const quick = values.quick;
  const names = chosen(
    "workloads",
    values.workloads,
    workloads.map(({ name }) => name),
  );
  const skipSlow = quick && values.workloads === undefined;
  return {
    peers: chosen("peers", values.peers, peerNames),
    workloads: workloads.filter(({ name, slow }) => names.includes(name) && !(skipSlow && slow)),
    rounds: positive("rounds", values.rounds, quick ? 1 : 3),
    seconds: positive("seconds", values.seconds, quick ? 0.3 : 0.8),
    warmup: positive("warmup", values.warmup, quick ? 0.2 : 1),
    settle: positive("settle", values.settle, quick ? 0.1 : 0.3),
    references: values.reference.split(","),
    json: values.json,
    profileDir: values.profile,
  };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} wants a number over 0, not "${text}"`);
  return value;
}

function chosen(name: string, text: string | undefined, all: readonly string[]): readonly string[] {
  if (text === undefined) return all;
  const names = text.split(",");
  const unknown = names.filter((item) => !all.includes(item));
  if (unknown.length > 0) {
    throw new Error(`--${name}: there is no ${unknown.join(", ")}; there are ${all.join(", ")}`);
  }
  return names;
}
