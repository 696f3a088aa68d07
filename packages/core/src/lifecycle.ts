import type { Lifecycle } from "./plugin.ts";

/** Something with a life, and its name for errors. */
export interface Living {
  readonly name: string;
  readonly life: Lifecycle;
}

/** True for an object that has at least one part of a life. */
export function hasLife(value: unknown): value is Lifecycle {
  if (typeof value !== "object" || value === null) return false;
  return ["start", "drain", "stop"].some(
    (name) => typeof (value as Record<string, unknown>)[name] === "function",
  );
}

/** A step of stopping that failed or took too long. */
export interface StepFailure {
  readonly step: string;
  readonly error: unknown;
}

/** Runs `body` but no longer than `timeoutMs`; rejects with an error that names `what` when it takes longer. */
export async function bounded<T>(what: string, timeoutMs: number, body: () => Promise<T> | T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} took longer than ${Math.round(timeoutMs)} ms`)),
      Math.max(0, timeoutMs),
    );
  });
  try {
    return await Promise.race([(async () => body())(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the steps one after the other, each bounded, and goes on when one fails. Returns what failed. */
export async function runAll(
  steps: readonly { readonly name: string; readonly run: () => Promise<void> | void }[],
  timeoutMs: () => number,
): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  for (const { name, run } of steps) {
    try {
      await bounded(name, timeoutMs(), run);
    } catch (error) {
      failures.push({ step: name, error });
    }
  }
  return failures;
}
