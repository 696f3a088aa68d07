import type { ContractClient } from "@micro/client";
import type { greeterContract } from "./contracts.ts";

/** Which node answered, call by call. */
export interface Traffic<T> {
  /** What the event in the middle resolved with. */
  readonly event: T;
  /** Node names in the order of the answers. */
  readonly answers: readonly string[];
  /** What failed; empty when none did. */
  readonly failures: readonly Error[];
}

/** A load of calls. */
export interface TrafficOptions<T> {
  readonly calls: number;
  /** Calls in flight. */
  readonly concurrency: number;
  /** Runs once, when that many calls have been answered. */
  readonly at: number;
  readonly halfway: () => Promise<T>;
  /** Ends the traffic. */
  readonly signal: AbortSignal;
}

/** Calls `hello` again and again and does something in the middle of it. Rejects when it is ended by its signal. */
export async function makeTraffic<T>(
  greeter: ContractClient<typeof greeterContract.methods>,
  options: TrafficOptions<T>,
): Promise<Traffic<T>> {
  const answers: string[] = [];
  const failures: Error[] = [];
  let begun = 0;
  let event: Promise<T> | undefined;
  const worker = async (): Promise<void> => {
    while (begun < options.calls) {
      options.signal.throwIfAborted();
      begun++;
      let node = "?";
      try {
        await greeter.hello({ name: "traffic" }, { onAttempt: ({ nodeId }) => (node = nameOf(nodeId)) });
        answers.push(node);
      } catch (error) {
        failures.push(error as Error);
      }
      if (answers.length >= options.at) event ??= options.halfway();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return { answers, failures, event: await (event ?? options.halfway()) };
}

/** `greeter-a` → `a`. */
export const nameOf = (nodeId: string): string => nodeId.replace(/^[^-]+-/, "");

/** How many of `answers` came from each node. */
export function countByNode(answers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
