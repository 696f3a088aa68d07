import { deepStrictEqual } from "node:assert/strict";
import { MicroError } from "@micro/core";

/** Throws unless both are equal, with `what` before the difference. */
export function same(what: string, actual: unknown, expected: unknown): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}

/** Throws unless it holds. */
export function holds(what: string, condition: boolean, seen?: unknown): void {
  if (!condition) throw new Error(`${what}; seen: ${JSON.stringify(seen)}`);
}

/** The MicroError that `promise` rejects with; anything else is a failure. */
export async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (MicroError.is(error)) return error;
    throw error;
  }
  throw new Error(`an error was expected, but the call gave ${JSON.stringify(value)}`);
}

/** All messages of a stream. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
