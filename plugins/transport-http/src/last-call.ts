/** How long a call may be on its way to a server that drains, in ms. */
const LAST_CALL_MS = 100;

/**
 * The moment before a connection is closed whose peer cannot be told: in it, a call that is on its way still arrives.
 */
export class LastCall {
  readonly #arriving: () => boolean;
  readonly #over: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `arriving` tells whether a message has come in part; `over` is called once nothing came, or all of it. */
  constructor(arriving: () => boolean, over: () => void) {
    this.#arriving = arriving;
    this.#over = over;
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  wait(): void {
    clearTimeout(this.#timer);
    // What came meanwhile is read first, also where the process had no time to.
    this.#timer = setTimeout(() => setImmediate(() => this.#look()), LAST_CALL_MS);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timer === undefined) return;
    this.#timer = undefined;
    if (this.#arriving()) this.wait();
    else this.#over();
  }
}
