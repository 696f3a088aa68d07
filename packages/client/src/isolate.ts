import { MicroError } from "@micro/core";
import { CLIENT_ID } from "./client-errors.ts";
import type { MessageCodec } from "./network.ts";

const MAX_DEPTH = 200;

/**
 * A copy of a message, so that neither side of a call inside one process can change the other's objects. Plain objects
 * and lists of texts, numbers, booleans and null are copied here, because they are nearly all messages. Whatever else
 * is in a message (dates, bytes, instances, functions) becomes what the call's own codec makes of it, so that a
 * monolith behaves as the same services do over the wire. Throws what the codec throws.
 */
export function isolate(value: unknown, call: { readonly codec: MessageCodec }): unknown {
  try {
    return copy(value, 0);
  } catch (error) {
    if (error !== NOT_PLAIN) throw error;
  }
  try {
    return call.codec.decode(call.codec.encode(value));
  } catch (error) {
    const { code, detail } = MicroError.from(error);
    throw new MicroError({ id: CLIENT_ID, code, detail, cause: error });
  }
}

function copy(value: unknown, depth: number): unknown {
  if (!isScalar(value)) return copyObject(value as object, depth);
  return value;
}

function copyObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) throw NOT_PLAIN;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    // Spreading keeps the hidden class: several times faster than building the copy key by key.
    const result: Record<string, unknown> = { ...value };
    for (const key in result) {
      const inner = result[key];
      // An undefined key stays: it reads like the missing one that arrives over the wire.
      if (inner !== undefined && !isScalar(inner)) result[key] = copyObject(inner as object, depth + 1);
    }
    if (typeof result.toJSON === "function") throw NOT_PLAIN;
    return result;
  }
  if (!Array.isArray(value)) throw NOT_PLAIN;
  const result: unknown[] = value.slice();
  for (let index = 0; index < result.length; index++) {
    const inner = result[index];
    if (!isScalar(inner)) result[index] = copyObject(inner as object, depth + 1);
  }
  return result;
}

/** True for what needs no copy, false for objects; throws for what a message may not hold as it is. */
function isScalar(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      if (value - value !== 0) throw NOT_PLAIN; // neither NaN nor infinite
      return true;
    case "object":
      return value === null;
    default:
      throw NOT_PLAIN;
  }
}

/** Never seen outside: thrown without a stack of its own, so that it costs little. */
const NOT_PLAIN = new Error("not plain data");
