/** So many places at the front stay empty before the rest moves up. */
const FEW = 1024;

/**
 * First in, first out, in the same time however long it is. `shift` of an array moves all the others: tens of thousands that
 * wait would take seconds to be worked off.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  /** Where the first stands. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first out; undefined when there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= FEW && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes all out, in order. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
