import type { ResolvedSection } from "./config/resolve.ts";
import { MicroError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Lifecycle } from "./plugin.ts";
import { StartError } from "./start-error.ts";

/** Something with a life, and its name for errors. */
export interface Living {
  readonly name: string;
  readonly life: Lifecycle;
  /** What the configuration says of it. */
  readonly section?: ResolvedSection;
}

/** True for an object that has at least one part of a life. */
export function hasLife(value: unknown): value is Lifecycle {
  if (typeof value !== "object" || value === null) return false;
  return ["start", "drain", "stop"].some(
    (name) => typeof (value as Record<string, unknown>)[name] === "function",
  );
}

/** Timers of Node fire at once when they are asked for more than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const timerMs = (ms: number): number => Math.min(Math.max(0, ms), MAX_TIMER_MS);

/** The error of something that took too long. `option` is what would give it more time. */
export function tooLong(what: string, ms: number, option?: string): MicroError {
  const more = option === undefined ? "" : ` (option ${option})`;
  return new MicroError({ code: "TIMEOUT", detail: `${what} took longer than ${Math.round(ms)} ms${more}` });
}

/** The result of `work`, or a rejection with the signal's reason, whichever comes first. */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T> | T): Promise<T> {
  signal.throwIfAborted();
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([(async () => work())(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * A signal that aborts after the time that a service may take to be created, or to start, with a StartError that names
 * what is under way. Give it back with `clear`.
 */
export function startLimit(
  what: () => string,
  { service, timeoutMs }: { readonly service: string; readonly timeoutMs: number },
): { readonly controller: AbortController; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const { code, detail } = tooLong(what(), timeoutMs, "startTimeoutMs");
    controller.abort(
      new StartError(service, [{ where: "startTimeoutMs", message: detail }], { code, detail }),
    );
  }, timerMs(timeoutMs));
  return { controller, clear: () => clearTimeout(timer) };
}

/** A step of stopping that failed or took too long. */
export interface StepFailure {
  readonly step: string;
  readonly error: unknown;
}

/** How long a stop may take unless it is told. */
export const DEFAULT_GRACE_MS = 10_000;

/** The time a stop may take. A later, more urgent stop shortens it, the step that runs included; none lengthens it. */
export class Grace {
  #end = Number.POSITIVE_INFINITY;
  readonly #shortened = new Set<() => void>();

  constructor(ms?: number) {
    if (ms !== undefined) this.shorten(ms);
  }

  /** Ends at the latest in `ms` from now; what is no positive number counts as 0. */
  shorten(ms: number): void {
    const end = performance.now() + (ms > 0 ? timerMs(ms) : 0);
    if (end >= this.#end) return;
    this.#end = end;
    for (const listener of this.#shortened) listener();
  }

  /** Calls `listener` whenever it gets shorter; returns how to take it back. */
  onShorten(listener: () => void): () => void {
    this.#shortened.add(listener);
    return () => this.#shortened.delete(listener);
  }

  leftMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /**
   * Runs one step; resolves with its failure, or with undefined. It may use what is left, but a little is kept back
   * for the steps after it, and each gets a little even when nothing is left.
   */
  async step(
    name: string,
    run: () => unknown,
    { maxMs = MAX_TIMER_MS }: { readonly maxMs?: number } = {},
  ): Promise<StepFailure | undefined> {
    const begun = performance.now();
    let timer: NodeJS.Timeout | undefined;
    let arm = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(tooLong(name, performance.now() - begun));
      arm = () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, timerMs(Math.min(maxMs, this.leftMs() * 0.8 + 50)));
      };
    });
    arm();
    const disarm = this.onShorten(arm);
    try {
      await Promise.race([(async () => run())(), late]);
      return undefined;
    } catch (error) {
      return { step: name, error };
    } finally {
      clearTimeout(timer);
      disarm();
    }
  }
}

/** One line per failure, each beginning with its step. */
export function describeFailures(failures: readonly StepFailure[]): string {
  return failures
    .map(({ step, error }) => {
      const { detail } = MicroError.from(error);
      return detail.startsWith(step) ? detail : `${step}: ${detail}`;
    })
    .join("; ");
}

const DISMANTLE_MS = 5000;

/** Stops what was made and is not needed, last made first, within five seconds. Resolves with what could not be stopped. */
export async function dismantle(living: readonly Living[]): Promise<readonly StepFailure[]> {
  const grace = new Grace(DISMANTLE_MS);
  const failures: StepFailure[] = [];
  for (const { name, life } of [...living].reverse()) {
    const failure = await grace.step(`stopping '${name}'`, () => life.stop?.({ graceMs: 0 }));
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

/**
 * {@link dismantle} for a service that does not come to be. Resolves with the error that is the reason, or with one of
 * that and of what could not be stopped.
 */
export async function withDismantled(error: unknown, living: readonly Living[]): Promise<unknown> {
  const failures = await dismantle(living);
  if (failures.length === 0) return error;
  return new AggregateError(
    [error, ...failures.map((failure) => failure.error)],
    `${MicroError.from(error).detail}; and what was made before could not be stopped: ${describeFailures(failures)}`,
  );
}

/** Stops something that was made or started after it had been given up; what fails then goes to the log. */
export function stopLate(
  late: Promise<unknown>,
  { name, life, logger }: { name: string; life: (made: unknown) => Lifecycle | undefined; logger: Logger },
): void {
  const failed = (error: unknown): void => logger.debug(`'${name}' failed after it was given up`, { error });
  late
    .then((made) => life(made)?.stop?.({ graceMs: 0 }), failed)
    .catch((error: unknown) =>
      logger.warn(`'${name}' could not be stopped after it was given up`, { error }),
    );
}
