import type { Call, Invoke } from "@micro/core";

/** How long one call took. */
export interface Timing {
  readonly side: Call["side"];
  /** `Orders.Place`, or the topic of an event. */
  readonly endpoint: string;
  readonly ms: number;
  readonly failed: boolean;
}

/**
 * Middleware that tells how long each call took, whatever came of it. It fits on both sides: around calls of a
 * client and around handlers. Of a stream it sees the opening.
 */
export const timing =
  (report: (timing: Timing) => void) =>
  <C extends Call>(next: Invoke<C>): Invoke<C> =>
  async (call) => {
    const { side, endpoint } = call;
    const begin = performance.now();
    let failed = true;
    try {
      const reply = await next(call);
      failed = false;
      return reply;
    } finally {
      report({ side, endpoint, ms: performance.now() - begin, failed });
    }
  };

/** One line of a timing, for people. */
export function describeTiming({ side, endpoint, ms, failed }: Timing): string {
  return `${side === "client" ? "called" : "handled"} ${endpoint} in ${ms.toFixed(2)} ms${failed ? ", failed" : ""}`;
}
