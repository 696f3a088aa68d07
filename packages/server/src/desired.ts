import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@micro/core";

/** One thing that should be so, and is made so again and again. */
export interface DesiredOptions {
  /** For logs and health: `registered`. */
  readonly what: string;
  /** Makes it so; called again after each failure, and every `refreshMs` when that is given. */
  readonly apply: (signal: AbortSignal) => Promise<void>;
  /** Pause after a success; `undefined` when one success is enough. */
  readonly refreshMs?: number;
  /** First pause after a failure; doubles up to `maxPauseMs`, each time shortened by chance. @default 250 */
  readonly firstPauseMs?: number;
  /** @default 15000 */
  readonly maxPauseMs?: number;
  readonly logger: Logger;
}

/** A piece of desired state with the loop that restores it. Its owner stops it. */
export class Desired {
  readonly #options: DesiredOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  constructor(options: DesiredOptions) {
    this.#options = options;
    this.#problem = `not ${options.what} yet`;
  }

  /** What is wrong, in words; undefined when all is as desired. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Tries once, rejects when that fails, and keeps on trying in the background either way. */
  async start(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      await this.#try();
    } catch (error) {
      failure = { error };
    }
    // The loop lives as long as its owner: `stop` ends it and waits for it.
    if (!this.#abort.signal.aborted) this.#loop = this.#run(failure !== undefined);
    if (failure !== undefined) throw failure.error;
  }

  /** Ends the loop; resolves when a try that runs has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("stopped"));
    await this.#loop;
  }

  async #run(failedAlready: boolean): Promise<void> {
    const { refreshMs, firstPauseMs = 250, maxPauseMs = 15_000, what, logger } = this.#options;
    let failures = failedAlready ? 1 : 0;
    for (;;) {
      const pause = failures === 0 ? refreshMs : backOff(firstPauseMs, maxPauseMs, failures);
      if (pause === undefined || !(await this.#pause(pause))) return;
      try {
        await this.#try();
        if (failures > 0) logger.info(`${what} again`, { failures });
        failures = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures++;
        // The first failure is news; after that the state says it.
        logger.log(failures === 1 ? "warn" : "debug", `not ${what}; trying again`, { error, failures });
      }
    }
  }

  async #try(): Promise<void> {
    const { what, apply } = this.#options;
    try {
      await apply(this.#abort.signal);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `not ${what}: ${error instanceof Error ? error.message : String(error)}`;
      throw error;
    }
  }

  /** False when stopped meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await sleep(ms, undefined, { signal: this.#abort.signal, ref: false });
      return true;
    } catch {
      // Only `stop` aborts it.
      return false;
    }
  }
}

/** Between half of and the whole doubled pause, so that many servers do not come back in step. */
function backOff(firstMs: number, maxMs: number, failures: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return full * (0.5 + Math.random() / 2);
}
