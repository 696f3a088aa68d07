const SMALLEST = 64;
const LARGEST = 64 * 1024;

/**
 * The calls that run on a connection, by their numbers, which count up.
 *
 * It is no Map, because V8 makes a new table for a Map that is filled and emptied all the time, and links the old table
 * to the new one. Once one of them has become old, which a pause of a few seconds is enough for, all that follow, and
 * every call in them, look alive to the collector of young objects: it took 11 to 45 ms instead of 1.4, and a call with
 * 64 in flight 15 instead of 11 µs. Here a call stands where its number points, and the few that find the place taken,
 * by a call that lasts, go to a Map.
 */
export class CallTable<T> {
  /** 0 where nobody stands: numbers begin with 1. */
  #numbers: number[] = Array.from({ length: SMALLEST }, () => 0);
  #calls: (T | undefined)[] = Array.from({ length: SMALLEST });
  #placed = 0;
  readonly #displaced = new Map<number, T>();

  get size(): number {
    return this.#placed + this.#displaced.size;
  }

  get(id: number): T | undefined {
    const at = id & (this.#numbers.length - 1);
    if (this.#numbers[at] === id) return this.#calls[at];
    return this.#displaced.size === 0 ? undefined : this.#displaced.get(id);
  }

  /** `id` is a whole number from 1 on that is not in the table. */
  set(id: number, call: T): void {
    let at = id & (this.#numbers.length - 1);
    if (this.#numbers[at] !== 0 && 2 * this.#placed >= this.#numbers.length) {
      this.#resize(2 * this.#numbers.length);
      at = id & (this.#numbers.length - 1);
    }
    if (this.#numbers[at] === 0) {
      this.#numbers[at] = id;
      this.#calls[at] = call;
      this.#placed++;
    } else this.#displaced.set(id, call);
  }

  delete(id: number): void {
    const at = id & (this.#numbers.length - 1);
    if (this.#numbers[at] !== id) {
      if (this.#displaced.size > 0) this.#displaced.delete(id);
      return;
    }
    this.#numbers[at] = 0;
    this.#calls[at] = undefined;
    this.#placed--;
    // A burst shall not cost memory for ever.
    if (this.#placed === 0 && this.#numbers.length > LARGEST / 16) this.#resize(SMALLEST);
  }

  /** All of them, in no order. */
  values(): T[] {
    const found: T[] = [...this.#displaced.values()];
    for (const call of this.#calls) if (call !== undefined) found.push(call);
    return found;
  }

  clear(): void {
    this.#displaced.clear();
    this.#placed = 0;
    this.#resize(SMALLEST);
  }

  #resize(length: number): void {
    if (length > LARGEST) return;
    const numbers = this.#numbers;
    const calls = this.#calls;
    this.#numbers = Array.from({ length }, () => 0);
    this.#calls = Array.from({ length });
    for (const [at, id] of numbers.entries()) {
      // Twice the places, so two that had different ones still have.
      if (id === 0 || this.#placed === 0) continue;
      this.#numbers[id & (length - 1)] = id;
      this.#calls[id & (length - 1)] = calls[at];
    }
  }
}

interface Named {
  readonly id: string;
  /** {@link callNumber} of the id. */
  readonly number: number;
}

/** The same for calls whose ids peers choose: those of our own are numbers, Go's may be any text. */
export class NamedCallTable<T extends Named> {
  readonly #numbered = new CallTable<T>();
  readonly #named = new Map<string, T>();

  get size(): number {
    return this.#numbered.size + this.#named.size;
  }

  get(id: string): T | undefined {
    const number = callNumber(id);
    return number > 0 ? this.#numbered.get(number) : this.#named.get(id);
  }

  /** False when one with the same id is there already. */
  add(call: T): boolean {
    const { id, number } = call;
    if (number > 0) {
      if (this.#numbered.get(number) !== undefined) return false;
      this.#numbered.set(number, call);
    } else {
      if (this.#named.has(id)) return false;
      this.#named.set(id, call);
    }
    return true;
  }

  delete({ id, number }: Named): void {
    if (number > 0) this.#numbered.delete(number);
    else this.#named.delete(id);
  }

  /** Takes all of them out. */
  takeAll(): T[] {
    const all = [...this.#numbered.values(), ...this.#named.values()];
    this.#numbered.clear();
    this.#named.clear();
    return all;
  }
}

/** The number that an id is the usual text of; 0 for any other id. */
export function callNumber(id: string): number {
  const { length } = id;
  if (length > 15) return 0;
  let number = 0;
  for (let at = 0; at < length; at++) {
    const digit = id.charCodeAt(at) - 48;
    // One that begins with 0 is another id than the same number without.
    if (digit < 0 || digit > 9 || (digit === 0 && number === 0)) return 0;
    number = number * 10 + digit;
  }
  return number;
}
