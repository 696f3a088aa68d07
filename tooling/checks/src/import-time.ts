import { performance } from "node:perf_hooks";
import { mustRun } from "./run-command.ts";

/** What importing one module costs. */
export interface ImportCost {
  /** The median time of a process that imports the module, minus the median of one that does not. */
  readonly importMs: number;
  readonly baselineMs: number;
  readonly runs: number;
}

/**
 * Measures the import of a module in fresh processes of this Node, each followed by one that imports nothing,
 * so that a machine that slows down during the measurement slows both. Throws if the module does not load.
 */
export async function measureImport(moduleUrl: string, { runs = 15 } = {}): Promise<ImportCost> {
  const withImport: number[] = [];
  const bare: number[] = [];
  const program = `await import(${JSON.stringify(moduleUrl)})`;
  await timeNode(program); // fills the caches of the file system
  for (let run = 0; run < runs; run++) {
    withImport.push(await timeNode(program));
    bare.push(await timeNode(""));
  }
  const baselineMs = median(bare);
  return { importMs: median(withImport) - baselineMs, baselineMs, runs };
}

async function timeNode(program: string): Promise<number> {
  const args = ["--input-type=module", "--eval", program];
  const start = performance.now();
  await mustRun(process.execPath, args, { cwd: import.meta.dirname, timeoutMs: 30_000 });
  return performance.now() - start;
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new Error("no values to take the median of");
  return (low + high) / 2;
}
