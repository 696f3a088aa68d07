import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";

/** Cores, processor and Node version in one line. */
export function machine(): string {
  return `${availableParallelism()} cores of ${cpus()[0]?.model ?? "unknown make"}, Node ${process.version}`;
}

/**
 * Watches how quiet the machine is; the returned function says it in one line. Without it nobody can tell a
 * slow program from a busy neighbour.
 */
export function watchNoise(): () => string {
  const load = loadavg()[0] ?? 0;
  const before = processorTime();
  return () => {
    const after = processorTime();
    const text = `load average before the run: ${load.toFixed(2)}`;
    if (before === undefined || after === undefined) return text;
    const share = (after.stolen - before.stolen) / (after.total - before.total);
    return `${text}; processor time that the host gave to others: ${(share * 100).toFixed(1)} %`;
  };
}

/** Ticks of all cores since boot, where the system counts them (Linux). */
function processorTime(): { readonly total: number; readonly stolen: number } | undefined {
  if (process.platform !== "linux") return undefined;
  const [, ...ticks] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").split(/\s+/);
  // user, nice, system, idle, iowait, irq, softirq, steal; the guest columns are in user already
  const counted = ticks.slice(0, 8).map(Number);
  return { total: counted.reduce((sum, value) => sum + value, 0), stolen: counted[7] ?? 0 };
}
