/** Bounds of one operation. */
export interface Bounds {
  readonly signal?: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** Whether `promise` settles before the bounds of an operation end; it is left alone when not. */
export async function endsWithin(promise: Promise<unknown>, bounds: Bounds): Promise<boolean> {
  const ended = new Set<() => void>();
  let settled = false;
  const end = (): void => {
    settled = true;
    for (const wake of ended) wake();
  };
  void promise.then(end, end);
  return waitFor(ended, { ...bounds, until: () => settled });
}

/** Whether `until` holds before the bounds end; it is looked at whenever somebody calls what this puts into `wakers`. */
export async function waitFor(
  wakers: Set<() => void>,
  options: Bounds & { readonly until: () => boolean },
): Promise<boolean> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, until } = options;
  if (until()) return true;
  if (signal?.aborted) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const wake = (): void => {
    if (until()) resolve(true);
  };
  const giveUp = (): void => resolve(false);
  const timer = setTimeout(giveUp, timeoutMs);
  wakers.add(wake);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    wakers.delete(wake);
    signal?.removeEventListener("abort", giveUp);
  }
}
