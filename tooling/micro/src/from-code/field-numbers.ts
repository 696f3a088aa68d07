import { MicroError } from "@micro/core";
import type { Enum, Namespace, ReflectionObject, Type } from "protobufjs";
import protobuf from "protobufjs";

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

/**
 * Reads the numbers of a file that was generated before. Throws a MicroError `PRECONDITION_FAILED` for a text that is
 * no `.proto`; `shownPath` is what the error calls it.
 */
export function readNumbers(text: string, shownPath: string): NumberLock {
  const lock = new Map<string, KnownNumbers>();
  let parsed: protobuf.IParserResult;
  try {
    parsed = protobuf.parse(text, { keepCase: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const detail = `${shownPath}: its field numbers cannot be read (${why}): repair the file, or take it away to number all fields anew`;
    throw new MicroError({ code: "PRECONDITION_FAILED", detail, cause });
  }
  const prefix = parsed.package === undefined ? "" : `${parsed.package}.`;
  const visit = (object: ReflectionObject): void => {
    const name = object.fullName.slice(1 + prefix.length);
    if (object instanceof protobuf.Type) lock.set(name, numbersOfMessage(object));
    else if (object instanceof protobuf.Enum) lock.set(name, numbersOfEnum(object));
    if (object instanceof protobuf.Namespace)
      for (const nested of (object as Namespace).nestedArray) visit(nested);
  };
  visit(parsed.root);
  return lock;
}

function numbersOfMessage(message: Type): KnownNumbers {
  const fields = message.fieldsArray;
  return {
    numbers: new Map(fields.map(({ name, id }) => [name, id])),
    types: new Map(fields.map((field) => [field.name, typeOf(field)])),
    ...reservations(message.reserved),
  };
}

function typeOf(field: protobuf.Field): string {
  const type = field instanceof protobuf.MapField ? `map<${field.keyType}, ${field.type}>` : field.type;
  return field.repeated ? `repeated ${type}` : type;
}

function numbersOfEnum(type: Enum): KnownNumbers {
  return { numbers: new Map(Object.entries(type.values)), types: new Map(), ...reservations(type.reserved) };
}

function reservations(
  reserved: readonly (readonly number[] | string)[] | undefined,
): Pick<KnownNumbers, "reservedNames" | "reservedRanges"> {
  const all = reserved ?? [];
  return {
    reservedNames: all.filter((one) => typeof one === "string"),
    reservedRanges: all
      .filter((one) => typeof one !== "string")
      .map(([from = 0, to = from]) => [from, to] as const),
  };
}

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
