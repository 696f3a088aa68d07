import { MicroError } from "./errors.ts";

/** One promise of an interface and how to check it; any test runner can run it. */
export interface ConformanceCase {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Rejects when the promise is broken. */
  readonly run: () => Promise<void>;
}

/** Options of {@link eventually}. */
export interface EventuallyOptions {
  /** @default 5000 */
  readonly timeoutMs?: number;
  /** Pause between tries. @default 10 */
  readonly intervalMs?: number;
}

/** Tries `check` until it stops throwing; rejects with its last error when the time is over. */
export async function eventually<T>(
  check: () => Promise<T> | T,
  options: EventuallyOptions = {},
): Promise<T> {
  const until = performance.now() + (options.timeoutMs ?? 5000);
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 10));
  }
}

/** `promise`, or a rejection that names `what` when it takes longer than `timeoutMs` (@default 5000). */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = 5000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The MicroError that `promise` rejects with; rejects when it does not reject, or with anything else. */
export async function rejection(promise: Promise<unknown>): Promise<MicroError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (outcome === undefined) throw new Error("it must be rejected, and was not");
  if (MicroError.is(outcome.error)) return outcome.error;
  throw new Error(`it must be rejected with a MicroError, not ${String(outcome.error)}`, {
    cause: outcome.error,
  });
}

/** The MicroError that `run` throws; throws what else it throws, and when it throws nothing. */
export function thrownBy(run: () => unknown): MicroError {
  try {
    run();
  } catch (error) {
    if (MicroError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

export { type InstantiateOptions, instantiate } from "./instantiate.ts";
export { type LogLine, recordingLogger } from "./recording-logger.ts";
