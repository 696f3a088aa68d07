import { describe, expect, test } from "vitest";
import { eventually, within } from "./conformance.ts";
import { DesiredState } from "./desired-state.ts";
import { nullLogger } from "./logger.ts";

/** Something that fails while `down` is true. */
function makeState(refreshMs = 20, giveUpAtStart = false) {
  const world = { down: false, tries: 0, done: 0 };
  const state = new DesiredState({
    what: "so",
    refreshMs,
    firstPauseMs: 5,
    longestPauseMs: 20,
    logger: nullLogger,
    giveUpAtStart,
    apply: async () => {
      world.tries++;
      if (world.down) throw new Error("down");
      world.done++;
    },
  });
  return { world, state };
}

describe("desired state", () => {
  test("is made so again and again, and no more after stop", async () => {
    const { world, state } = makeState();
    await state.start();
    await eventually(() => expect(world.done).toBeGreaterThan(3));
    await state.stop();
    await state.stop();
    const { tries } = world;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(world.tries).toBe(tries);
  });

  test("comes back after an outage", async () => {
    const { world, state } = makeState();
    await state.start();
    world.down = true;
    const { tries } = world;
    await eventually(() => expect(world.tries).toBeGreaterThan(tries + 3));
    world.down = false;
    const { done } = world;
    await eventually(() => expect(world.done).toBeGreaterThan(done));
    await state.stop();
  });

  test("that cannot be reached at first is pursued all the same, and says what is wrong", async () => {
    const { world, state } = makeState();
    world.down = true;
    expect(state.problem).toBe("not so yet");
    await expect(state.start()).rejects.toThrow("down");
    expect(state.problem).toBe("not so: down");
    world.down = false;
    await eventually(() => expect(world.done).toBeGreaterThan(0));
    expect(state.problem).toBeUndefined();
    await state.stop();
  });

  test("that gives up when it cannot be reached at first is not pursued", async () => {
    const { world, state } = makeState(20, true);
    world.down = true;
    await expect(state.start()).rejects.toThrow("down");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(world.tries).toBe(1);
    await state.stop();
  });

  test("stop ends a try that runs, and waits for it", async () => {
    const begun = Promise.withResolvers<void>();
    let ended = false;
    const state = new DesiredState({
      what: "so",
      refreshMs: 1000,
      logger: nullLogger,
      apply: async ({ signal }) => {
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        ended = true;
      },
    });
    const starting = state.start();
    await begun.promise;
    await within("stopping", state.stop());
    expect(ended).toBe(true);
    await starting;
  });
});
