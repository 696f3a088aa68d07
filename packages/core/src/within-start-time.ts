import type { LooseOptions } from "./check-composition.ts";
import type { Progress } from "./configure-service.ts";
import type { ServiceDefinition } from "./definition.ts";
import { startLimit } from "./lifecycle.ts";
import { malformedDefinition, malformedOptions, nameForErrors } from "./malformed.ts";
import { StartError } from "./start-error.ts";

const DEFAULT_START_TIMEOUT_MS = 30_000;

/** What {@link withinStartTime} watches over. */
export interface Timed extends Progress {
  readonly startTimeoutMs: number;
}

/**
 * Does some of the work of creating a service when definition and options are well formed, until `startTimeoutMs` is
 * over or `options.signal` aborts. Rejects with a {@link StartError} for the former two, with the signal's reason, and
 * with what the work rejects with.
 */
export async function withinStartTime<T>(
  definition: ServiceDefinition,
  options: LooseOptions,
  work: (timed: Timed) => Promise<T>,
): Promise<T> {
  const malformed = [...malformedDefinition(definition), ...malformedOptions(options)];
  if (malformed.length > 0) throw new StartError(nameForErrors(definition), malformed);
  const { signal, startTimeoutMs = DEFAULT_START_TIMEOUT_MS } = options;
  let step = "reading the configuration";
  const limit = startLimit(() => step, { service: definition.name, timeoutMs: startTimeoutMs });
  const giveUp = (): void => limit.controller.abort(signal?.reason);
  if (signal?.aborted) giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return await work({
      signal: limit.controller.signal,
      onStep: (next) => {
        step = next;
      },
      startTimeoutMs,
    });
  } finally {
    limit.clear();
    signal?.removeEventListener("abort", giveUp);
  }
}
