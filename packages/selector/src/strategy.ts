import type { Node } from "@micro/registry";
import type { SelectRequest } from "./selector.ts";

/** A node that may be chosen. */
export interface Candidate {
  readonly node: Node;
  /** Version of the service it runs. */
  readonly version: string;
  /** Calls of this process to it that have not ended. */
  readonly pending: number;
}

/** What a {@link Strategy} may use beside the candidates. One object for all calls: not to be kept. */
export interface StrategyContext {
  readonly request: SelectRequest;
  /** Rises by one with each choice among the same candidates; begins anywhere. */
  readonly turn: number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Chooses one of the candidates: returns its index. They are never none, all of them fit the request, and nodes that
 * fail are left out already. Called for every request, so it should not look at all of thousands of candidates.
 */
export type Strategy = (candidates: readonly Candidate[], context: StrategyContext) => number;

/** Any of them, each as likely as the others. */
export const random: Strategy = (candidates, context) => Math.floor(context.random() * candidates.length);

/** One after the other. */
export const roundRobin: Strategy = (candidates, { turn }) => turn % candidates.length;

/**
 * Of two at random the one with fewer running calls: nearly as even as looking at all of them, at the cost of two
 * (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
 */
export const leastPending: Strategy = (candidates, context) => {
  const count = candidates.length;
  const first = Math.floor(context.random() * count);
  if (count === 1) return first;
  const second = (first + 1 + Math.floor(context.random() * (count - 1))) % count;
  const one = candidates[first] as Candidate;
  const other = candidates[second] as Candidate;
  return other.pending < one.pending ? second : first;
};
