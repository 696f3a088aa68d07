import { unencodable } from "@micro/codec";
import { Encoder } from "@msgpack/msgpack";
import { CONTENT_TYPE } from "./refused.ts";

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 64n - 1n;
/** What the library writes as an integer when it is given as a number; it writes larger ones as floats. */
const MIN_NUMBER = -(2 ** 31);
const MAX_NUMBER = 2 ** 32 - 1;

/** How an encoder is limited. */
export interface EncodeOptions {
  /** Levels of lists and objects inside each other; what is deeper is mostly a circle. */
  readonly maxDepth: number;
}

/** MessagePack of a value: undefined is an empty object, as in JSON. Throws a MicroError `INTERNAL`. */
export function encode(value: unknown, { maxDepth }: EncodeOptions): Uint8Array {
  const tree = value === undefined ? {} : new Tree(maxDepth).of(value, maxDepth);
  // What is in the deepest list is one level deeper for the library.
  const encoder = new Encoder({ useBigInt64: true, maxDepth: maxDepth + 1 });
  try {
    return encoder.encode(tree);
  } catch (error) {
    const hint = error instanceof Error ? error.message : String(error);
    throw unencodable(CONTENT_TYPE, value, { carries: "what fits into memory", hint, cause: error });
  }
}

/** What the library writes as JSON would: it knows neither `toJSON` nor maps, and turns numbers beyond 32 bits into floats. */
class Tree {
  readonly #maxDepth: number;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** `room` is how many levels may still follow. */
  of(value: unknown, room: number): unknown {
    switch (typeof value) {
      case "string":
        return value.toWellFormed();
      case "number":
        return Number.isSafeInteger(value) && (value < MIN_NUMBER || value > MAX_NUMBER)
          ? BigInt(value)
          : value;
      case "bigint":
        return wholeNumber(value);
      case "boolean":
      case "undefined":
        return value;
      case "object":
        return value === null ? value : this.#object(value, room);
      default:
        throw refused(value, "data", "give an object, a list or a scalar");
    }
  }

  #object(value: object, room: number): unknown {
    if (room === 0) {
      const hint = "break the circle, if it is one, or raise codec.msgpack_max_depth";
      throw refused(value, `trees of at most ${this.#maxDepth} levels`, hint);
    }
    if (Array.isArray(value)) return this.#list(value, room);
    if (ArrayBuffer.isView(value)) return this.#view(value, room);
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (value instanceof Date) {
      if (!Number.isNaN(value.getTime())) return value;
      throw refused(value, "valid dates", "leave out what has no time");
    }
    if (value instanceof Map) return this.#properties(value, room);
    if (value instanceof Set) return this.#list(value, room);
    if ("toJSON" in value && typeof value.toJSON === "function") {
      return this.of((value.toJSON as () => unknown)(), room - 1);
    }
    return this.#properties(Object.entries(value), room);
  }

  #list(values: Iterable<unknown>, room: number): unknown[] {
    const list: unknown[] = [];
    for (const value of values) list.push(this.of(value, room - 1));
    return list;
  }

  #properties(entries: Iterable<readonly [unknown, unknown]>, room: number): object {
    const kept: [string, unknown][] = [];
    for (const [key, value] of entries) {
      if (typeof key !== "string")
        throw refused(key, "maps whose keys are texts", "turn the keys into texts");
      // As in JSON, a key whose value is undefined is not there.
      if (value !== undefined) kept.push([key.toWellFormed(), this.of(value, room - 1)]);
    }
    return Object.fromEntries(kept);
  }

  #view(view: ArrayBufferView, room: number): unknown {
    const bytes = view instanceof Uint8Array || view instanceof Uint8ClampedArray || view instanceof DataView;
    return bytes ? view : this.#list(view as unknown as Iterable<unknown>, room);
  }
}

/** As a number where the library writes that as an integer, which is shorter. */
function wholeNumber(value: bigint): number | bigint {
  if (value < MIN_INTEGER || value > MAX_INTEGER) {
    throw refused(value, "whole numbers of 64 bits", "send it as a text");
  }
  const number = Number(value);
  return number < MIN_NUMBER || number > MAX_NUMBER ? value : number;
}

function refused(value: unknown, carries: string, hint: string): Error {
  return unencodable(CONTENT_TYPE, value, { carries, hint });
}
