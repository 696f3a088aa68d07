import { jittered, MicroError, pause } from "@micro/core";
import { unavailable } from "./call-within.ts";
import type { RegistryBackend, RegistryEvent } from "./registry.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A watch that lasted this long was no failed try: the next one begins soon. */
const HEALTHY_AFTER_MS = 10_000;

/** Options of {@link keepWatching}. */
export interface KeepWatchingOptions {
  readonly service: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: RegistryEvent) => void;
  /** Told of each watch that broke off. */
  readonly onError: (error: MicroError) => void;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

/** Watches one service until `signal` aborts, beginning anew with a jittered back-off when a watch breaks off. Never rejects. */
export async function keepWatching(backend: RegistryBackend, options: KeepWatchingOptions): Promise<void> {
  const { service, signal } = options;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const began = performance.now();
    let reason: unknown = new Error("it ended by itself");
    try {
      for await (const event of backend.watch({ service, signal })) {
        if (signal.aborted) return;
        options.onEvent(event);
      }
    } catch (error) {
      reason = error;
    }
    if (signal.aborted) return;
    if (performance.now() - began >= HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
    const detail = `registry '${backend.name}': the watch of '${service}' broke off: ${MicroError.from(reason).detail}`;
    options.onError(unavailable(detail, reason));
    await pause(jittered(pauseMs, options.random), signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
