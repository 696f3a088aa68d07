import { isLostCall } from "./lost-calls.ts";
import type { Direction, Outcome, Row } from "./row.ts";
import type { World } from "./world.ts";

/** Longest time of one row in one direction. */
export const ROW_TIMEOUT_MS = 30_000;

/** Runs one row in one direction; rejects when it fails. */
export async function runRow(row: Row, direction: Direction, world: World): Promise<Outcome> {
  try {
    return await once(row, direction, world);
  } catch (error) {
    if (!isLostCall(world, error)) throw error;
    // Any row may meet the calls that this generation loses: it is given a second chance, which it must use.
    const outcome = await once(row, direction, world);
    return outcome.verdict === "pass" && outcome.note === undefined
      ? { ...outcome, note: "in the second try: Go lost a call of the first" }
      : outcome;
  }
}

async function once(row: Row, direction: Direction, world: World): Promise<Outcome> {
  world.clear();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`${row.row} ${direction} took longer than ${ROW_TIMEOUT_MS} ms`));
  }, ROW_TIMEOUT_MS);
  try {
    return (await Promise.race([row.runs[direction](world), late])) ?? { verdict: "pass" };
  } finally {
    clearTimeout(timer);
  }
}
