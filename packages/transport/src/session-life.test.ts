import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SessionLife } from "./session-life.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function world(active: number) {
  const log: string[] = [];
  const state = { active };
  const life = new SessionLife({
    active: () => state.active,
    end: (lingerMs) => log.push(`end ${lingerMs}`),
    abort: ({ message }) => log.push(`abort: ${message}`),
  });
  const finish = () => {
    state.active--;
    life.settle();
  };
  return { life, log, finish };
}

test("a session that is retired ends when its last exchange has", () => {
  const { life, log, finish } = world(2);
  finish();
  life.retire();
  expect([life.usable, log]).toEqual([false, []]);
  finish();
  expect(log).toEqual(["end Infinity"]);
});

test("closing gives what runs its grace and not more, and the shortest one counts", async () => {
  const { life, log } = world(1);
  const closed = [life.close(1000), life.close(100)];
  vi.advanceTimersByTime(99);
  expect(log).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(log).toEqual(["abort: the session was closed while it ran"]);
  life.closed();
  await Promise.all([...closed, life.close(1000)]);
  vi.advanceTimersByTime(1000);
  expect(log).toHaveLength(1);
});

test("closing without grace ends at once, and leaves no time for what is still to be sent", () => {
  const running = world(1);
  void running.life.close(0);
  expect(running.log).toEqual(["abort: the session was closed while it ran"]);
  const idle = world(0);
  void idle.life.close(0);
  expect(idle.log).toEqual(["end 0"]);
});

test("listeners learn once why it is not usable any more, late ones too", async () => {
  const { life, log } = world(0);
  const reasons: unknown[] = [];
  const broken = new Error("broken");
  life.onClose((reason) => reasons.push(reason));
  life.closed(broken);
  life.retire(new Error("again"));
  expect(reasons).toEqual([broken]);
  life.onClose((reason) => reasons.push(reason));
  expect(reasons).toHaveLength(1);
  await Promise.resolve();
  expect(reasons).toEqual([broken, broken]);
  // The connection is gone: there is nothing left to end.
  expect(log).toEqual([]);
});
