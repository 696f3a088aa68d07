import { isLocal } from "./peers/index.ts";
import { ProcessPair, type Sample } from "./process-pair.ts";
import type { Row } from "./statistics.ts";
import type { Workload } from "./workloads.ts";

/** How to measure one workload. */
export interface Plan {
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmup: number;
  /** Unmeasured calls at the beginning of each turn, in seconds. */
  readonly settle: number;
  readonly profileDir: string | undefined;
}

/** The rows of the peers that could do the workload, and what went wrong with others. */
export interface Result {
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

/**
 * Measures the peers in turn, round after round: A B C, C B A, A B C. All processes live through the whole
 * workload and wait while it is not their turn, so that each round meets the machine in the same state. Waiting is not
 * what is compared: V8 gives memory back meanwhile, and takes more than the first tenth of a second to have it again. So
 * every turn of every peer begins with calls that are not measured.
 */
export async function measure(workload: Workload, plan: Plan): Promise<Result> {
  const failures: string[] = [];
  const samples = new Map<ProcessPair, Sample[]>();
  const able = plan.peers.filter((peer) => workload.kind === "calls" || !isLocal(peer));
  const pairs = able.map((peer) => new ProcessPair(peer, workload, { profileDir: plan.profileDir }));

  /** Runs a step of one peer; a peer that fails once is left out from then on, the others go on. */
  const attempt = async (pair: ProcessPair, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      samples.delete(pair);
      failures.push(`${workload.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  progress(`${workload.name}: starting ${able.join(", ")}`);
  await Promise.all(
    pairs.map((pair) =>
      attempt(pair, async () => {
        if (await pair.open()) samples.set(pair, []);
      }),
    ),
  );
  for (const pair of pairs.filter((one) => samples.has(one))) {
    progress(`${workload.name}: warming ${pair.peer} up`);
    await attempt(pair, async () => {
      await pair.warmUp(plan.warmup);
    });
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const pair of round % 2 === 0 ? pairs : pairs.toReversed()) {
      const own = samples.get(pair);
      if (own === undefined) continue;
      progress(`${workload.name}: round ${round + 1} of ${plan.rounds}, ${pair.peer}`);
      await attempt(pair, async () => {
        await pair.measure(plan.settle);
        own.push(await pair.measure(plan.seconds));
      });
    }
  }
  await Promise.all(pairs.map((pair) => attempt(pair, () => pair.close())));
  progress("");
  const rows: Row[] = [];
  for (const pair of pairs) {
    const own = samples.get(pair);
    if (own !== undefined) rows.push({ workload: workload.name, peer: pair.peer, samples: own });
  }
  return { rows, failures };
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}
