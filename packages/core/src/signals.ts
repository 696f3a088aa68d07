const SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/** What happens on signals of the operating system. */
export interface SignalHandlers {
  readonly onFirst: (signal: NodeJS.Signals) => void;
  /** After it the signals have their usual effect again: a third one ends the process. */
  readonly onSecond: (signal: NodeJS.Signals) => void;
}

type Listener = (signal: NodeJS.Signals) => void;

/**
 * Who waits at the moment. Signals belong to the process, and so does this: with a listener for each of fifty
 * services Node would warn of a leak. It is empty, and nothing is listened to, whenever nobody waits.
 */
const waiting = new Set<Listener>();

const dispatch: Listener = (signal) => {
  for (const listener of Array.from(waiting)) listener(signal);
};

const HOLD_MS = 3_600_000;

/** Listens until released, and keeps the process alive as long; each caller counts for itself. */
export function waitForSignals({ onFirst, onSecond }: SignalHandlers): { release(): void } {
  let count = 0;
  // A listener holds no process, and a service may have no socket that does.
  const hold = setInterval(() => undefined, HOLD_MS);
  const release = (): void => {
    clearInterval(hold);
    if (!waiting.delete(listener) || waiting.size > 0) return;
    for (const signal of SIGNALS) process.removeListener(signal, dispatch);
  };
  const listener: Listener = (signal) => {
    count++;
    if (count === 1) onFirst(signal);
    else {
      release();
      onSecond(signal);
    }
  };
  if (waiting.size === 0) for (const signal of SIGNALS) process.on(signal, dispatch);
  waiting.add(listener);
  return { release };
}
