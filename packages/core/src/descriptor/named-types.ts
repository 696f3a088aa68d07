import type { JsonSchema } from "../config/json-schema.ts";
import type { NamedType } from "./describe-types.ts";

/** A named type while it is put together: others may refer to it before it is complete. */
type NamedTypeDraft = NamedType | { readonly name: string; readonly kind: "open" };

/** The named types of one descriptor, while it is put together. */
export class NamedTypes {
  readonly #types = new Map<string, NamedTypeDraft>();

  /** The names and types so far, in the order in which they were asked for. */
  complete(): Readonly<Record<string, NamedType>> {
    return Object.fromEntries(
      [...this.#types].filter((entry): entry is [string, NamedType] => entry[1].kind !== "open"),
    );
  }

  has(name: string): boolean {
    return this.#types.has(name);
  }

  /** Keeps a place for `name`, or for the first free of `name2`, `name3`, …, and gives the name that was kept. */
  reserve(name: string): string {
    let free = name;
    for (let count = 2; this.#types.has(free); count++) free = `${name}${count}`;
    this.#types.set(free, { name: free, kind: "open" });
    return free;
  }

  set(type: NamedType): void {
    this.#types.set(type.name, type);
  }
}

/** The object without the properties that are undefined. */
export function defined<T extends object>(object: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

/** The object without some of its properties. */
export function without(object: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
