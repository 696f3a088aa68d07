/** Remembers which bidirectional streams the peer has opened: what is over must not begin anew when more of it comes. */
export class PeerStreams {
  readonly #first: number;
  #next: number;
  /** Numbers below `next` that have not come yet: as many as the peer may have open, at most. */
  readonly #skipped = new Set<number>();

  /** `first` is the peer's first number: 0 of a client, 1 of a server (RFC 9000, 2.1). */
  constructor(first: number) {
    this.#first = first;
    this.#next = first;
  }

  /** True the first time that a number of the peer's comes. Datagrams change places, so numbers do not come in order. */
  isNew(id: number): boolean {
    if ((id & 3) !== this.#first) return false;
    if (id < this.#next) return this.#skipped.delete(id);
    for (let skipped = this.#next; skipped < id; skipped += 4) this.#skipped.add(skipped);
    this.#next = id + 4;
    return true;
  }
}
