import type { NatsLink } from "@micro/nats";

/** Whether streams may go on sending on a connection that several share, and who wakes them when they may. */
export class Room {
  readonly #link: NatsLink;
  readonly #wake: () => void;
  #waiting = false;

  constructor(link: NatsLink, wake: () => void) {
    this.#link = link;
    this.#wake = wake;
  }

  /** True while too much is on the way to the NATS server. */
  get full(): boolean {
    return this.#link.pressure() !== undefined;
  }

  /** To be called after a message of a stream was sent. */
  watch(): void {
    if (this.#waiting) return;
    const pressure = this.#link.pressure();
    if (pressure === undefined) return;
    this.#waiting = true;
    void pressure.then(() => {
      this.#waiting = false;
      this.watch();
      if (!this.#waiting) this.#wake();
    });
  }
}
