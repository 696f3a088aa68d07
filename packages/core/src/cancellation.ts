type Listener = (reason: Error) => void;

/**
 * One call's right to be stopped. It is an `AbortController` that costs nothing until somebody asks for its
 * signal: most calls end without being cancelled, and an EventTarget per call is what makes RPC slow.
 */
export class Cancellation {
  #reason: Error | undefined;
  #listeners: Listener[] | undefined;
  #controller: AbortController | undefined;

  /** Why it was cancelled; undefined while it was not. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  /** The same as a standard signal, made on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Cancels once; later calls change nothing. Listeners run at once, in the order they came. */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    this.#controller?.abort(reason);
    for (const listener of listeners ?? []) listener(reason);
  }

  /** Calls `listener` when cancelled (at once if it was already); returns how to take it back. */
  onAbort(listener: Listener): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => undefined;
    }
    this.#listeners ??= [];
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners?.indexOf(listener) ?? -1;
      if (at >= 0) this.#listeners?.splice(at, 1);
    };
  }

  /** Cancels when `signal` aborts; returns how to take that back. */
  follow(signal: AbortSignal): () => void {
    const abort = (): void => this.abort(asError(signal.reason));
    if (signal.aborted) {
      abort();
      return () => undefined;
    }
    signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
