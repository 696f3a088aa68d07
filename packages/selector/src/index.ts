export { leastPendingSelector, randomSelector, roundRobinSelector } from "./plugins.ts";
export type { Outcome, Selection, Selector, SelectRequest } from "./selector.ts";

// ---- for authors of selector plugins ----

export { selector } from "./component.ts";
export { createSelector, type SelectorOptions } from "./create-selector.ts";
export type { EjectionRules } from "./node-state.ts";
export {
  type Candidate,
  leastPending,
  random,
  roundRobin,
  type Strategy,
  type StrategyContext,
} from "./strategy.ts";
