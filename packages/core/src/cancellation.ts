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

  /**
   * Cancels once; later calls change nothing. Listeners run at once, in the order they came, all of them; what one of
   * them throws is thrown when the last has run.
   */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    const errors: unknown[] = [];
    // Taken one by one, so that a listener can still take another one back.
    for (let next = this.#listeners?.shift(); next !== undefined; next = this.#listeners?.shift()) {
      try {
        next(reason);
      } catch (error) {
        errors.push(error);
      }
    }
    this.#listeners = undefined;
    if (errors.length > 0)
      throw errors.length === 1 ? errors[0] : new AggregateError(errors, "listeners failed");
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
