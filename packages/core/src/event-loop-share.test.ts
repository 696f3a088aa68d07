import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { EventLoopShare } from "./event-loop-share.ts";

test("a loop that never has to wait lets a timer fire", async () => {
  const share = new EventLoopShare();
  let fired = false;
  const timer = sleep(20).then(() => {
    fired = true;
  });
  let steps = 0;
  while (!fired && steps < 1e9) {
    steps++;
    await (share.step() ?? Promise.resolve());
  }
  await timer;
  expect(steps).toBeLessThan(1e9);
});

test("a short loop is not held up", () => {
  const share = new EventLoopShare();
  const turns = Array.from({ length: 15 }, () => share.step());
  expect(turns.filter((turn) => turn !== undefined)).toEqual([]);
});

test("loops of one share wait together", async () => {
  const share = new EventLoopShare();
  let turn: Promise<void> | undefined;
  while (turn === undefined) turn = share.step();
  expect(share.step()).toBe(turn);
  await turn;
  expect(share.step()).toBeUndefined();
});
