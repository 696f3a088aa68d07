/**
 * Bounds repeated attempts, so that a service in trouble is not given many times its load: each call earns a part of a
 * retry, and a few may come at once (a node that dies takes all of its running calls along).
 */
export class RetryBudget {
  readonly #burst: number;
  readonly #perCall: number;
  #tokens: number;

  constructor(burst: number, perCall = 0.1) {
    this.#burst = burst;
    this.#perCall = perCall;
    this.#tokens = burst;
  }

  /** Counts a call. */
  earn(): void {
    if (this.#tokens < this.#burst) this.#tokens = Math.min(this.#burst, this.#tokens + this.#perCall);
  }

  get hasSome(): boolean {
    return this.#tokens >= 1;
  }

  /** False when there is none left. */
  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
