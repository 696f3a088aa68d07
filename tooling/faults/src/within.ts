/** `promise`, or a rejection that names `what` when it takes longer. */
export async function within<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until `condition` holds: for states of another process that send no event. Rejects with
 * `what` and the last answer.
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  {
    ask,
    until,
    everyMs = 50,
  }: {
    readonly ask: () => Promise<T> | T;
    readonly until: (answer: T) => boolean;
    /** @default 50 */
    readonly everyMs?: number;
  },
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (until(answer)) return answer;
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${timeoutMs} ms, but ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
