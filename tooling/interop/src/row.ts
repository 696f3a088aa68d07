import type { World } from "./world.ts";

/** Who calls whom. */
export type Direction = "go→ts" | "ts→go";

/** Both, as columns stand. */
export const DIRECTIONS: readonly Direction[] = ["go→ts", "ts→go"];

/** What came of a row that did not fail. */
export type Outcome =
  | { readonly verdict: "pass"; readonly note?: string }
  /** The Go side does not do what the row asks, and it was checked that this is what happens. */
  | { readonly verdict: "go bug"; readonly note: string }
  /** There is nothing to run in this direction or generation. */
  | { readonly verdict: "not applicable"; readonly note: string };

/** A part of a row that ran without a throw has passed unless it says otherwise. */
export type RowRun = (world: World) => Promise<Outcome | undefined>;

/** One line of the matrix (spec 11). A run that throws has failed. */
export interface Row {
  /** `R1`. */
  readonly row: string;
  readonly title: string;
  /** The server that must be there besides Go's programs. @default none */
  readonly needs?: "nats-server";
  readonly runs: Readonly<Record<Direction, RowRun>>;
}

/** The row passed, and there is something to say of it. */
export function passed(note: string): Outcome {
  return { verdict: "pass", note };
}

/** What the row asks is not what Go does; call it only after having seen what Go does instead. */
export function goBug(note: string): Outcome {
  return { verdict: "go bug", note };
}

/** A run of a row that cannot be. */
export function notApplicable(note: string): RowRun {
  return () => Promise.resolve({ verdict: "not applicable", note });
}
