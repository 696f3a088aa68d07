import type { Logger } from "./logger.ts";
import { isLogged, logFailure } from "./outage.ts";

/** Something that should be so, and is made so again and again. */
export interface DesiredStateOptions {
  /** For logs and health: `registered`. */
  readonly what: string;
  /** Makes it so; called again after each failure, and every `refreshMs`. Must end soon after `signal` aborts. */
  readonly apply: (options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Pause after a success, in ms. @default none: one success is enough */
  readonly refreshMs?: number;
  readonly logger: Logger;
  /** Whether a first try that fails is the last one. @default false: it is tried again in the background */
  readonly giveUpAtStart?: boolean;
  /** Pause after the first failure; doubles up to `longestPauseMs`, shortened by chance. @default 250 */
  readonly firstPauseMs?: number;
  /** @default 15000 */
  readonly longestPauseMs?: number;
}

interface Progress {
  /** Tries that failed since the last that did not. */
  readonly failures: number;
  /** The log says at `warn` what is wrong. */
  readonly told: boolean;
}

/** A piece of desired state with the loop that restores it after outages. Whoever makes it stops it. */
export class DesiredState {
  readonly #options: DesiredStateOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  constructor(options: DesiredStateOptions) {
    this.#options = options;
    this.#problem = `not ${options.what} yet`;
  }

  /** What is wrong, in words; undefined when all is as desired. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Makes it so for the first time; rejects when that fails, whether or not it is tried again. */
  async start(): Promise<void> {
    const first = this.#try();
    // `stop` waits for it too; who called `start` hears how it went.
    this.#loop = first.catch(() => undefined);
    try {
      await first;
    } catch (error) {
      // Who called `start` tells of it, unless its outage is in the log.
      if (!this.#options.giveUpAtStart) this.#goOn({ failures: 1, told: !isLogged(error) });
      throw error;
    }
    this.#goOn({ failures: 0, told: false });
  }

  /** Ends the loop; resolves when a try that runs has ended. Idempotent, never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("no longer desired"));
    await this.#loop;
  }

  #goOn(soFar: Progress): void {
    if (!this.#stopping.signal.aborted) this.#loop = this.#run(soFar);
  }

  async #run(soFar: Progress): Promise<void> {
    const { refreshMs, what, logger, firstPauseMs = 250, longestPauseMs = 15_000 } = this.#options;
    const { signal } = this.#stopping;
    let { failures, told } = soFar;
    for (;;) {
      const ms =
        failures === 0
          ? refreshMs
          : jittered(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 20)));
      if (ms === undefined) return;
      await pause(ms, signal);
      if (signal.aborted) return;
      try {
        await this.#try();
        if (failures > 0) logger.info(`${what} again`, { failures });
        failures = 0;
        told = false;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        const message = `not ${what}; trying again`;
        // The first failure is news; after that the state says it.
        if (told) logger.debug(message, { error, failures });
        else told = logFailure(logger, message, { error, failures });
      }
    }
  }

  async #try(): Promise<void> {
    const { what, apply } = this.#options;
    try {
      await apply({ signal: this.#stopping.signal });
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `not ${what}: ${error instanceof Error ? error.message : String(error)}`;
      throw error;
    }
  }
}

/** Between half of `ms` and all of it, so that many do not come back in step. `random` gives 0 to 1. */
export function jittered(ms: number, random: () => number = Math.random): number {
  return ms * (0.5 + random() / 2);
}

/** Resolves after `ms`, or at once when `signal` aborts; keeps no process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
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
