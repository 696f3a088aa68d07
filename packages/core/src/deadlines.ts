/** Something with a moment at which it is over. The links belong to {@link Deadlines}. */
export interface Expiring {
  /** When it is over, in ms since the epoch; `Infinity` for never. Asked at the first tick, and not changed while it is watched. */
  readonly dueAt: number;
  slot: number;
  previous: Expiring | undefined;
  next: Expiring | undefined;
  /** Called once, at most about 16 ms after `dueAt`; it is not watched any more. */
  expire(): void;
}

const TICK_MS = 8;
/** A power of two, so that a tick's slot is a mask away: the remainder of a time of day is slow to calculate. */
const SLOTS = 1024;
/** What never expires stands here, so that it can still be found by `all`. */
const FOREVER = SLOTS;
/** Here everything stands until the next tick: most calls end before, and then their deadline was never looked at. */
const FRESH = SLOTS + 1;
/** Value of `slot` of what is not watched. */
export const UNWATCHED = -1;

/**
 * Watches the deadlines of all calls of one owner with one coarse timer. A timer per call would be the dearest part
 * of a call; this is an insertion into a list, which a tick later is sorted by time. The timer runs only while
 * something with a deadline is watched, and keeps the process alive that long: somebody waits for the call.
 */
export class Deadlines {
  readonly #slots: (Expiring | undefined)[] = Array.from({ length: SLOTS + 2 });
  /** Entries with a deadline, and those that are not sorted yet. */
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;

  /** Watches `entry` until it expires or is removed. One that is overdue expires at the next tick. */
  add(entry: Expiring): void {
    if (entry.dueAt === Infinity) this.#insert(entry, FOREVER);
    else this.addUnasked(entry);
  }

  /** The same for an entry whose deadline is better not asked for before the next tick. */
  addUnasked(entry: Expiring): void {
    this.#size++;
    if (this.#timer === undefined) this.#startTimer();
    this.#insert(entry, FRESH);
  }

  #insert(entry: Expiring, slot: number): void {
    const first = this.#slots[slot];
    entry.slot = slot;
    entry.previous = undefined;
    entry.next = first;
    if (first !== undefined) first.previous = entry;
    this.#slots[slot] = entry;
  }

  /** Stops watching `entry`; one that is not watched is no error. */
  remove(entry: Expiring): void {
    if (entry.slot === UNWATCHED) return;
    if (entry.slot !== FOREVER) this.#size--;
    if (entry.previous === undefined) this.#slots[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.slot = UNWATCHED;
    entry.previous = undefined;
    entry.next = undefined;
  }

  /** Everything that is watched now. */
  all(): readonly Expiring[] {
    const found: Expiring[] = [];
    for (const first of this.#slots) {
      for (let entry = first; entry !== undefined; entry = entry.next) found.push(entry);
    }
    return found;
  }

  #startTimer(): void {
    this.#tick = Math.floor(Date.now() / TICK_MS);
    // Behind the reads of the same turn: after a time in which this process did not run, a reply that has come meanwhile
    // is not late, and the node that sent it not to blame.
    this.#timer = setInterval(() => setImmediate(() => this.#advance()), TICK_MS);
  }

  #advance(): void {
    if (this.#size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = Date.now();
    const until = Math.floor(now / TICK_MS);
    this.#sortFresh();
    // After a long pause of the process one round visits every slot.
    for (let tick = Math.max(this.#tick + 1, until - SLOTS + 1); tick <= until; tick++) {
      this.#tick = tick;
      this.#expireSlot(tick & (SLOTS - 1), now);
    }
    // A clock that was set back must not stop the wheel.
    this.#tick = until;
  }

  #sortFresh(): void {
    let entry = this.#slots[FRESH];
    this.#slots[FRESH] = undefined;
    while (entry?.next !== undefined) entry = entry.next;
    // The oldest first, because what is inserted last stands first.
    while (entry !== undefined) {
      const { previous, dueAt } = entry;
      if (dueAt === Infinity) {
        this.#size--;
        this.#insert(entry, FOREVER);
      } else {
        // One tick later than the deadline's own, so that a slot is only visited when all of it is due.
        this.#insert(entry, Math.max(Math.floor(dueAt / TICK_MS) + 1, this.#tick + 1) & (SLOTS - 1));
      }
      entry = previous;
    }
  }

  #expireSlot(slot: number, now: number): void {
    const due: Expiring[] = [];
    for (let entry = this.#slots[slot]; entry !== undefined; entry = entry.next) {
      if (entry.dueAt <= now) due.push(entry);
    }
    for (const entry of due) {
      // An earlier one of this round may have ended it, or watched it anew for later.
      if (entry.slot !== slot || entry.dueAt > now) continue;
      this.remove(entry);
      entry.expire();
    }
  }
}
