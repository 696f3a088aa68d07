import type { Logger } from "@micro/core";

/** Something that should be so, and is made so again and again. */
export interface DesiredStateOptions {
  /** For logs: `registered as a subscriber of 'orders'`. */
  readonly what: string;
  /** Makes it so; must end soon after `signal` aborts. */
  readonly apply: (options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Pause after a success, in ms. */
  readonly refreshMs: number;
  readonly logger: Logger;
  /** Pause after the first failure; doubles up to `longestPauseMs`, shortened by chance. @default 250 */
  readonly firstPauseMs?: number;
  /** @default 15000 */
  readonly longestPauseMs?: number;
}

/** A piece of desired state with the loop that restores it after outages. Whoever makes it stops it. */
export class DesiredState {
  readonly #options: DesiredStateOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: DesiredStateOptions) {
    this.#options = options;
  }

  /** Makes it so for the first time. Rejects when that fails, and nothing goes on in the background then. */
  async start(): Promise<void> {
    const first = this.#options.apply(this.#stopping);
    // `stop` waits for it too; who called `start` hears how it went.
    this.#loop = first.catch(() => undefined);
    await first;
    // `stop` ends the loop and waits for it; it does not reject.
    if (!this.#stopping.signal.aborted) this.#loop = this.#run();
  }

  /** Ends the loop; resolves when a try that runs has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("no longer desired"));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { refreshMs, what, logger, apply } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    for (;;) {
      await sleep(failures === 0 ? refreshMs : this.#backOff(failures), signal);
      if (signal.aborted) return;
      try {
        await apply({ signal });
        if (failures > 0) logger.info(`${what} again`, { failures });
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        // The first failure is news; what follows is more of the same.
        logger.log(failures === 1 ? "warn" : "debug", `not ${what}; trying again`, { failures, error });
      }
    }
  }

  /** Between half of and the whole doubled pause, so that many subscribers do not come back in step. */
  #backOff(failures: number): number {
    const { firstPauseMs = 250, longestPauseMs = 15_000 } = this.#options;
    const full = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 20));
    return full * (0.5 + Math.random() / 2);
  }
}

/** Ends early when `signal` aborts; keeps no process alive. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
