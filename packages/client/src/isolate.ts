import type { MicroError } from "@micro/core";
import { clientError } from "./client-errors.ts";

const MAX_DEPTH = 200;

/**
 * A deep copy of a message, so that neither side of a call inside one process can change the other's objects. Plain
 * objects and lists are copied here, because they are nearly all messages; dates, maps, sets, bytes and instances of
 * classes as `structuredClone` does (an instance becomes a plain object of its fields).
 * Throws a MicroError `INTERNAL` that names the path of a function, a symbol, or a circle.
 */
export function isolate(value: unknown): unknown {
  if (typeof value === "object") {
    if (value === null) return null;
    try {
      return copy(value, 0);
    } catch (cause) {
      throw refusal(value, cause);
    }
  }
  if (typeof value === "function" || typeof value === "symbol") throw refusal(value, undefined);
  return value;
}

function copy(value: object, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    // Spreading keeps the hidden class: several times faster than building the copy key by key.
    const result: Record<string, unknown> = { ...value };
    for (const key in result) {
      const inner = result[key];
      if (typeof inner === "object") {
        if (inner !== null) result[key] = copyInner(inner, depth);
      } else if (typeof inner === "function" || typeof inner === "symbol") throw NOT_DATA;
    }
    return result;
  }
  if (!Array.isArray(value)) return copySpecial(value);
  const result: unknown[] = value.slice();
  for (let index = 0; index < result.length; index++) {
    const inner = result[index];
    if (typeof inner === "object") {
      if (inner !== null) result[index] = copyInner(inner, depth);
    } else if (typeof inner === "function" || typeof inner === "symbol") throw NOT_DATA;
  }
  return result;
}

function copyInner(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) throw NOT_DATA;
  return copy(value, depth + 1);
}

function copySpecial(value: object): unknown {
  // A Buffer's own `slice` would share its memory.
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Date) return new Date(value);
  return structuredClone(value);
}

/** What and where is looked up afterwards: messages that can be copied pay nothing for it. */
const NOT_DATA = new Error("not data");

function refusal(value: unknown, cause: unknown): MicroError {
  const { path, what } = findRefused(value, 0) ?? { path: [], what: "cannot be copied" };
  const where = path.length === 0 ? "the message" : `message.${path.slice(0, 20).join(".")}`;
  const detail = `${where} ${what}: messages are plain data`;
  return clientError("INTERNAL", detail, cause === NOT_DATA ? {} : { cause });
}

interface Refused {
  readonly path: readonly string[];
  readonly what: string;
}

function findRefused(value: unknown, depth: number): Refused | undefined {
  if (typeof value === "function" || typeof value === "symbol")
    return { path: [], what: `is a ${typeof value}` };
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_DEPTH) return { path: [], what: "is nested too deeply, or in a circle" };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    try {
      copySpecial(value);
      return undefined;
    } catch {
      return { path: [], what: "cannot be copied" };
    }
  }
  for (const [key, inner] of Object.entries(value)) {
    const found = findRefused(inner, depth + 1);
    if (found !== undefined) return { path: [key, ...found.path], what: found.what };
  }
  return undefined;
}
