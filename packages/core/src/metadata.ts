/** What a {@link Metadata} can be made from. */
export type MetadataInit = Metadata | Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** Keys of one hop: they describe a message, not the call, and are never forwarded (spec 1.4). */
const HOP_BY_HOP = new Set([
  ":authority",
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "host",
  "local",
  "remote",
  "timeout",
  "transfer-encoding",
  "user-agent",
  ...["endpoint", "error", "id", "method", "service", "stream", "topic", "protocol", "target"].flatMap(
    (key) => [`micro-${key}`, `x-micro-${key}`],
  ),
]);

/** How rpc replies carry what their handler said: of one hop too, so that no server that echoes requests seems to say it. */
const REPLY_PREFIX = /^micro-(?:reply|trailer)-/;

const canonicalKeys = new Map<string, string>();
const MAX_CANONICAL_KEYS = 1024;
const MAX_CANONICAL_LENGTH = 64;

/** `foo-bar` → `Foo-Bar`, as Go writes header keys (spec 1.1, 7.9). */
export function canonicalKey(key: string): string {
  const known = canonicalKeys.get(key);
  if (known !== undefined) return known;
  const canonical = key
    .toLowerCase()
    .replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
  // Keys come from peers, so the memory of them is bounded.
  if (canonicalKeys.size < MAX_CANONICAL_KEYS && key.length <= MAX_CANONICAL_LENGTH)
    canonicalKeys.set(key, canonical);
  return canonical;
}

/**
 * Text pairs that travel with a call or a message; keys are case-insensitive and kept in lower case.
 *
 * Two flat lists instead of a Map: there are about ten pairs, every message has one of these, and a Map costs several
 * times as much to make. Searching is linear, so whoever reads from peers bounds the number of pairs.
 */
export class Metadata implements Iterable<[string, string]> {
  /** Pairs in front of the own ones that others share: never changed, and without a base of its own. */
  #base: Metadata | undefined = undefined;
  #keys: string[];
  #values: string[];

  constructor(init?: MetadataInit) {
    if (init instanceof Metadata) {
      this.#base = init.#base;
      this.#keys = init.#keys.slice();
      this.#values = init.#values.slice();
      return;
    }
    this.#keys = [];
    this.#values = [];
    if (init === undefined) return;
    const pairs =
      Symbol.iterator in init ? (init as Iterable<readonly [string, string]>) : Object.entries(init);
    for (const [key, value] of pairs) this.set(key, value);
  }

  /**
   * Begins with the pairs of `base`, which must not be changed from then on: for readers of messages whose headers are
   * mostly the same. What is added stands beside, and the shared pairs are copied when one of them is to change.
   */
  static over(base: Metadata): Metadata {
    base.#own();
    const made = new Metadata();
    made.#base = base;
    return made;
  }

  get size(): number {
    const base = this.#base;
    return base === undefined ? this.#keys.length : base.#keys.length + this.#keys.length;
  }

  get(key: string): string | undefined {
    const value = this.#find(key);
    if (value !== undefined) return value;
    const lower = key.toLowerCase();
    return lower === key ? undefined : this.#find(lower);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: string): this {
    return this.setLower(key.toLowerCase(), value);
  }

  /** Like `set` for a key that is known to be lower case: the fast path of message readers and writers. */
  setLower(lowerKey: string, value: string): this {
    if (this.#sharedAt(lowerKey) >= 0) this.#own();
    const at = this.#keys.indexOf(lowerKey);
    if (at >= 0) this.#values[at] = value;
    else if (this.#base !== undefined && this.#keys.length === 0) {
      // Often the only one: pushed to an empty list it would get the room of seventeen.
      this.#keys = [lowerKey];
      this.#values = [value];
    } else {
      this.#keys.push(lowerKey);
      this.#values.push(value);
    }
    return this;
  }

  delete(key: string): boolean {
    this.#own();
    const at = Math.max(this.#keys.indexOf(key), this.#keys.indexOf(key.toLowerCase()));
    if (at < 0) return false;
    this.#keys.splice(at, 1);
    this.#values.splice(at, 1);
    return true;
  }

  /** Key in lower case of the pair at `index`, from 0 to `size`: with `valueAt` the way of writers, which allocates nothing. */
  keyAt(index: number): string {
    const base = this.#base;
    if (base === undefined) return this.#keys[index] as string;
    const shared = base.#keys.length;
    return (index < shared ? base.#keys[index] : this.#keys[index - shared]) as string;
  }

  /** Value of the pair at `index`. */
  valueAt(index: number): string {
    const base = this.#base;
    if (base === undefined) return this.#values[index] as string;
    const shared = base.#keys.length;
    return (index < shared ? base.#values[index] : this.#values[index - shared]) as string;
  }

  /** Pairs with lower-case keys, in the order they were first set. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let at = 0; at < this.size; at++) yield [this.keyAt(at), this.valueAt(at)];
  }

  clone(): Metadata {
    return new Metadata(this);
  }

  /** Without the keys that describe one hop only: what a handler's calls inherit (spec 1.4). */
  forwarded(): Metadata {
    const result = new Metadata();
    for (let at = 0; at < this.size; at++) {
      const key = this.keyAt(at);
      if (HOP_BY_HOP.has(key) || REPLY_PREFIX.test(key)) continue;
      result.#keys.push(key);
      result.#values.push(this.valueAt(at));
    }
    return result;
  }

  /** Plain object with canonical `Xxx-Yyy` keys, as Go Micro writes them. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(Array.from(this, ([key, value]) => [canonicalKey(key), value]));
  }

  #find(key: string): string | undefined {
    const at = this.#keys.indexOf(key);
    if (at >= 0) return this.#values[at];
    const shared = this.#sharedAt(key);
    return shared < 0 ? undefined : this.valueAt(shared);
  }

  /** Where a key stands among the shared pairs; -1 where it does not. */
  #sharedAt(key: string): number {
    const base = this.#base;
    return base === undefined ? -1 : base.#keys.indexOf(key);
  }

  /** Copies the shared pairs. */
  #own(): void {
    const base = this.#base;
    if (base === undefined) return;
    this.#base = undefined;
    this.#keys = [...base.#keys, ...this.#keys];
    this.#values = [...base.#values, ...this.#values];
  }
}
