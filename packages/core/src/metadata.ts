/** What a {@link Metadata} can be made from. */
export type MetadataInit = Metadata | Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** Keys of one hop: they describe a message, not the call, and are never forwarded (spec 1.4). */
const HOP_BY_HOP = new Set([
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

/** Text pairs that travel with a call or a message; keys are case-insensitive and kept in lower case. */
export class Metadata implements Iterable<[string, string]> {
  readonly #values: Map<string, string>;

  constructor(init?: MetadataInit) {
    if (init === undefined) this.#values = new Map();
    else if (init instanceof Metadata) this.#values = new Map(init.#values);
    else {
      this.#values = new Map();
      const pairs =
        Symbol.iterator in init ? (init as Iterable<readonly [string, string]>) : Object.entries(init);
      for (const [key, value] of pairs) this.#values.set(key.toLowerCase(), value);
    }
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | undefined {
    return this.#values.get(key) ?? this.#values.get(key.toLowerCase());
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: string): this {
    this.#values.set(key.toLowerCase(), value);
    return this;
  }

  /** Like `set` for a key that is known to be lower case: the fast path of message readers and writers. */
  setLower(lowerKey: string, value: string): this {
    this.#values.set(lowerKey, value);
    return this;
  }

  delete(key: string): boolean {
    return this.#values.delete(key.toLowerCase());
  }

  /** Pairs with lower-case keys, in the order they were first set. */
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values[Symbol.iterator]();
  }

  clone(): Metadata {
    return new Metadata(this);
  }

  /** Without the keys that describe one hop only: what a handler's calls inherit (spec 1.4). */
  forwarded(): Metadata {
    const result = new Metadata();
    for (const [key, value] of this.#values) if (!HOP_BY_HOP.has(key)) result.setLower(key, value);
    return result;
  }

  /** Plain object with canonical `Xxx-Yyy` keys, as Go Micro writes them. */
  toJSON(): Record<string, string> {
    return Object.fromEntries(Array.from(this.#values, ([key, value]) => [canonicalKey(key), value]));
  }
}
