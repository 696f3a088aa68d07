import { setImmediate as nextTurn } from "node:timers/promises";

/** What the loops of one share may take of the event loop in one go, in ms. */
const SHARE_MS = 10;
/** Looking at the clock costs more than most steps do. */
const STEPS_BETWEEN_LOOKS = 16;

/**
 * Shares the event loop among loops that never have to wait. Promises that are settled follow each other without a turn
 * of the event loop, so a stream whose writer and reader are always ready would hold up every timer, signal and socket
 * of the process, its own deadline among them. Several loops may have one share: when its time is over, all of them wait.
 */
export class EventLoopShare {
  #steps = 0;
  #since = performance.now();
  /** The turn of the others, while it is waited for. */
  #turn: Promise<void> | undefined;

  /** Called before each step of the loop: a promise to wait for when it is the others' turn, else undefined. */
  step(): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn;
    if (++this.#steps < STEPS_BETWEEN_LOOKS) return undefined;
    this.#steps = 0;
    if (performance.now() - this.#since < SHARE_MS) return undefined;
    this.#turn = this.#giveWay();
    return this.#turn;
  }

  async #giveWay(): Promise<void> {
    await nextTurn();
    this.#turn = undefined;
    this.#since = performance.now();
  }
}
