import type { LogFields, Logger } from "@micro/core";

/**
 * A warning that peers can cause as often as they like: the first is logged at once, those that follow within the
 * interval are counted, and told as one line with the fields of the last.
 */
export class LimitedWarning {
  readonly #logger: Logger;
  readonly #message: string;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #leftOut = 0;
  #last: LogFields = {};

  constructor(
    logger: Logger,
    { message, intervalMs = 10_000 }: { readonly message: string; readonly intervalMs?: number },
  ) {
    this.#logger = logger;
    this.#message = message;
    this.#intervalMs = intervalMs;
  }

  warn(fields: LogFields): void {
    if (this.#timer === undefined) {
      this.#logger.warn(this.#message, fields);
      this.#timer = setInterval(() => this.#told(), this.#intervalMs).unref();
    } else {
      this.#leftOut++;
      this.#last = fields;
    }
  }

  /** Tells what was left out, and counts no longer. */
  close(): void {
    this.#told();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #told(): void {
    if (this.#leftOut > 0) {
      this.#logger.warn(this.#message, { ...this.#last, leftOut: this.#leftOut - 1 });
      this.#leftOut = 0;
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
