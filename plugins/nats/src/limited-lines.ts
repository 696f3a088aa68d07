import type { LogFields } from "@micro/core";

const PAUSE_MS = 10_000;

/** Lets a line through at once, and those of the next ten seconds as one with their number, `times`. */
export class LimitedLines {
  readonly #write: (fields: LogFields) => void;
  #timer: NodeJS.Timeout | undefined;
  #held: { readonly fields: LogFields; readonly times: number } | undefined;

  constructor(write: (fields: LogFields) => void) {
    this.#write = write;
  }

  add(fields: LogFields): void {
    if (this.#timer === undefined) {
      this.#write(fields);
      this.#wait();
    } else this.#held = { fields, times: (this.#held?.times ?? 0) + 1 };
  }

  /** Writes what is held back, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#write({ ...held.fields, times: held.times });
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      const more = this.#held !== undefined;
      this.flush();
      if (more) this.#wait();
    }, PAUSE_MS).unref();
  }
}
