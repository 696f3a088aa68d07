import { afterAll, describe, test } from "vitest";
import { REPLAYS, runReplay } from "../src/captured.ts";
import { GENERATIONS, type Generation } from "../src/generations.ts";
import { CAPTURES, type CaptureId } from "../src/recordings.ts";
import { DIRECTIONS } from "../src/row.ts";
import { World } from "../src/world.ts";

// Needs no Go: one side is what Go programs once wrote.
const world = new World(GENERATIONS[0] as Generation, "no Go program");
afterAll(() => world.stop());

for (const id of Object.keys(CAPTURES) as CaptureId[]) {
  describe(`bytes of ${CAPTURES[id]}`, () => {
    for (const replay of REPLAYS) {
      for (const direction of DIRECTIONS) {
        test(`${replay.row} ${direction}: ${replay.title}`, () =>
          runReplay(replay, id, { direction, world }));
      }
    }
  });
}
