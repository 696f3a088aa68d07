/** What does not fit in a message, and where. Each level that it passes puts itself in front of the path. */
export class MessageProblem extends Error {
  readonly path: PropertyKey[] = [];

  in(key: PropertyKey): this {
    this.path.unshift(key);
    return this;
  }

  /** `items.2.price: must be …`. */
  get text(): string {
    return this.path.length === 0 ? this.message : `${this.path.map(String).join(".")}: ${this.message}`;
  }
}

/** How an error names a value: its kind, or the value itself where that is short. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a text";
  if (typeof value === "object") return "an object";
  return typeof value === "function" ? "a function" : String(value as number | bigint | boolean | undefined);
}
