/** What does not fit in a message, and where. Each level that it passes puts itself in front of the path. */
export class MessageProblem extends Error {
  readonly path: PropertyKey[] = [];

  in(key: PropertyKey): this {
    this.path.unshift(key);
    return this;
  }

  /** `items.2.price: must be …`. */
  get text(): string {
    return this.path.length === 0
      ? this.message
      : `${shortened(this.path.map(String).join("."))}: ${this.message}`;
  }
}

/** Longest path in an error: names may come from whoever sent the message, and so may their number. */
const MAX_PATH = 200;

/** Its beginning and its end, which say the most; without halves of characters, which no header and no log could carry. */
function shortened(path: string): string {
  const half = MAX_PATH / 2;
  const short = path.length <= MAX_PATH ? path : `${path.slice(0, half)} … ${path.slice(-half)}`;
  return short.toWellFormed();
}

/** How an error names a value: its kind, or the value itself where that is short. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a text";
  if (typeof value === "object") return "an object";
  return typeof value === "function" ? "a function" : String(value as number | bigint | boolean | undefined);
}
