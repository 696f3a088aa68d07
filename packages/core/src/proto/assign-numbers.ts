/** The numbers of one message or enum, as they were. */
export interface KnownNumbers {
  readonly numbers: ReadonlyMap<string, number>;
  /** The types of fields; empty for an enum. */
  readonly types: ReadonlyMap<string, string>;
  readonly reservedNames: readonly string[];
  readonly reservedRanges: readonly (readonly [from: number, to: number])[];
}

/** What a `.proto` file says of its numbers, by the message's or enum's name inside it: `Order`, `Order.State`. */
export type NumberLock = ReadonlyMap<string, KnownNumbers>;

/** Numbers for names, and what stays reserved. */
export interface AssignedNumbers {
  readonly numbers: ReadonlyMap<string, number>;
  readonly reservedNames: readonly string[];
  readonly reservedRanges: readonly (readonly [from: number, to: number])[];
}

const FIRST_OF_PROTOBUF = 19_000;
const LAST_OF_PROTOBUF = 19_999;

/**
 * Numbers for `names`: those that have one keep it, new ones come behind all that ever were, those of names that are
 * gone stay reserved for ever. `first` is 1 for fields and 0 for enums.
 */
export function assignNumbers(
  names: readonly string[],
  { known, first }: { readonly known: KnownNumbers | undefined; readonly first: 0 | 1 },
): AssignedNumbers {
  const old = known?.numbers ?? new Map<string, number>();
  const gone = [...old].filter(([name]) => !names.includes(name));
  const reservedRanges = joined([
    ...(known?.reservedRanges ?? []),
    ...gone.map(([, number]) => [number, number] as const),
  ]);
  let next = Math.max(first - 1, ...old.values(), ...reservedRanges.map(([, to]) => to)) + 1;
  const numbers = new Map<string, number>();
  for (const name of names) {
    const kept = old.get(name);
    if (kept === undefined && next >= FIRST_OF_PROTOBUF && next <= LAST_OF_PROTOBUF)
      next = LAST_OF_PROTOBUF + 1;
    numbers.set(name, kept ?? next++);
  }
  // A name that has come back is a field again; its old number stays out of use.
  const reservedNames = [...(known?.reservedNames ?? []), ...gone.map(([name]) => name)];
  return {
    numbers,
    reservedRanges,
    reservedNames: [...new Set(reservedNames)].filter((name) => !numbers.has(name)).sort(),
  };
}

function joined(ranges: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}
