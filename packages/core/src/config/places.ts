/** Where something stands in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of a path of keys; undefined when it is not known. */
export type Places = (keys: readonly string[]) => Place | undefined;

/** The place of a path of keys, or of the nearest key above it, in the first of the texts that knows one. */
export function nearestPlace<T extends { readonly places: Places }>(
  texts: readonly T[],
  keys: readonly string[],
): { readonly text: T; readonly place: Place } | undefined {
  for (let length = keys.length; length > 0; length--) {
    for (const text of texts) {
      const place = text.places(keys.slice(0, length));
      if (place !== undefined) return { text, place };
    }
  }
  return undefined;
}

/** Offsets of keys by their path. */
export class KeyOffsets {
  readonly #offsets = new Map<string, number>();

  /** The first offset of a path counts. */
  add(keys: readonly string[], offset: number): void {
    const path = JSON.stringify(keys);
    if (!this.#offsets.has(path)) this.#offsets.set(path, offset);
  }

  /** The places of the keys in `text`. */
  in(text: string): Places {
    let breaks: readonly number[] | undefined;
    return (keys) => {
      const offset = this.#offsets.get(JSON.stringify(keys));
      if (offset === undefined) return undefined;
      breaks ??= Array.from(text.matchAll(/\n/g), ({ index }) => index);
      const above = countBelow(breaks, offset);
      return { line: above + 1, column: offset - (above === 0 ? -1 : (breaks[above - 1] as number)) };
    };
  }
}

/** The place of one offset of a text. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

/** How many of the rising numbers are below `limit`. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
