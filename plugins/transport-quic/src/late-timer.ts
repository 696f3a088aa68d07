/** The one timer of a connection, which is set anew with each datagram and seldom fires. */
export class LateTimer {
  readonly #onTime: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When it fires, in ms of `performance.now()`. */
  #at = 0;

  /** `onTime` may be called too early, never too late; it is to arm the timer again. */
  constructor(onTime: () => void) {
    this.#onTime = onTime;
  }

  /** Fires in `ms`, or not at all when that is null. */
  arm(ms: number | null): void {
    if (ms === null) {
      this.stop();
      return;
    }
    // quiche counts in smaller units than a millisecond.
    const at = performance.now() + ms + 1;
    // One that comes too early looks again: cheaper than a new one for each datagram.
    if (this.#timer !== undefined && this.#at <= at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onTime();
    }, ms + 1).unref();
  }

  /** Fires no more until it is armed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
