const SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/** What happens on signals of the operating system. */
export interface SignalHandlers {
  readonly onFirst: (signal: NodeJS.Signals) => void;
  /** After it the signals have their usual effect again: a third one ends the process. */
  readonly onSecond: (signal: NodeJS.Signals) => void;
}

/** Listens until released. Listeners belong to the caller: two services of one process have two. */
export function waitForSignals({ onFirst, onSecond }: SignalHandlers): { release(): void } {
  let count = 0;
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    count++;
    if (count === 1) onFirst(signal);
    else {
      release();
      onSecond(signal);
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return { release };
}
