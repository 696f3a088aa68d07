/** Ends a stream whose peer does not say that it is over: some time after the last request and the last reply. */
export class QuietEnd {
  readonly #idleMs: number | undefined;
  readonly #controller = new AbortController();
  #requestsOver = false;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** Without a time it never ends anything. */
  constructor(idleMs: number | undefined) {
    this.#idleMs = idleMs;
  }

  /** Aborts when it is quiet. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The requests, watched for their end. */
  async *watch(requests: Iterable<unknown> | AsyncIterable<unknown>): AsyncIterable<unknown> {
    yield* requests;
    this.#requestsOver = true;
    this.replied();
  }

  /** Something came: the time begins anew. */
  replied(): void {
    this.stop();
    if (!this.#requestsOver || this.#idleMs === undefined) return;
    this.#timer = setTimeout(() => this.#controller.abort(new Error("it has been quiet")), this.#idleMs);
  }

  /** Nothing is waited for any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
