import { MicroError } from "@micro/core";
import { LONGEST_DELAY_MS } from "./longest-delay.ts";
import type { RegistryCallOptions } from "./registry.ts";

/** Bounds that are always there. */
export interface CallBounds {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Id of errors that say the registry could not do its work. */
export const REGISTRY_ERROR_ID = "go.micro.registry";
/** Deadline of a registry operation when nothing else is said, in ms. */
export const DEFAULT_TIMEOUT_MS = 5000;
/** How long a registration lasts when nothing else is said, in ms. */
export const DEFAULT_TTL_MS = 60_000;

/**
 * Runs one operation of a registry and ends it at the deadline or abort, whether it listens to its signal or not.
 * Rejects with `UNAVAILABLE` after `timeoutMs`, with `CANCELLED` (cause: the reason) on abort.
 */
export async function callWithin<T>(
  what: string,
  options: RegistryCallOptions,
  run: (bounds: CallBounds) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const given = options.signal;
  const bound = new Promise<never>((_, reject) => {
    const give = (error: MicroError): void => {
      reject(error);
      controller.abort(error);
    };
    onAbort = () => give(cancelled(what, given?.reason));
    const late = (): void => give(unavailable(`${what}: no answer within ${timeoutMs} ms`));
    timer = setTimeout(late, Math.min(timeoutMs, LONGEST_DELAY_MS));
    if (given?.aborted) onAbort();
    else given?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    if (controller.signal.aborted) return await bound;
    return await Promise.race([run({ signal: controller.signal, timeoutMs }), bound]);
  } finally {
    // The race has ended before its deadline: nobody is left to hear of the bound.
    bound.catch(() => undefined);
    clearTimeout(timer);
    if (onAbort !== undefined) given?.removeEventListener("abort", onAbort);
  }
}

/** "Cannot ask": nothing was sent to any handler, so that another try is safe. */
export function unavailable(detail: string, cause?: unknown): MicroError {
  return new MicroError({
    code: "UNAVAILABLE",
    id: REGISTRY_ERROR_ID,
    detail,
    notSent: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

function cancelled(what: string, cause: unknown): MicroError {
  return new MicroError({
    code: "CANCELLED",
    id: REGISTRY_ERROR_ID,
    detail: `${what}: the caller gave up`,
    notSent: true,
    cause,
  });
}
