const MAX_DEPTH = 200;

/**
 * A copy of a message, so that neither side of a call inside one process can change the other's objects. Plain objects
 * and lists of texts, numbers, booleans and null are copied here, because they are nearly all messages. Whatever else
 * is in a message (dates, bytes, instances, functions) becomes what `carry` makes of it with the call's own codec, so that
 * a monolith behaves as the same services do over the wire. Throws what `carry` throws.
 */
export function isolate<C>(value: unknown, call: C, carry: (value: unknown, call: C) => unknown): unknown {
  try {
    return copy(value, 0);
  } catch {
    // It is not plain, or has a getter that throws: the codec says what becomes of it.
    return carry(value, call);
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === "object" && value !== null) return copyObject(value, depth);
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && value - value === 0) return value;
  throw NOT_PLAIN;
}

// The types are asked in the loops themselves, the commonest first: a function for it costs a third of the time.
function copyObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) throw NOT_PLAIN;
  if (Array.isArray(value)) return copyList(value, depth);
  // Asked first, because it tells the compiler the hidden class: the prototype is then known without a call.
  const maker: unknown = value.constructor;
  if (maker !== Object && maker !== undefined) throw NOT_PLAIN;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw NOT_PLAIN;
  // Spreading keeps the hidden class: several times faster than building the copy key by key.
  const result: Record<string, unknown> = { ...value };
  for (const key in result) {
    if (key === "__proto__") throw NOT_PLAIN; // codecs refuse it
    const inner = result[key];
    if (typeof inner === "string" || typeof inner === "boolean") continue;
    if (typeof inner === "number") {
      if (inner - inner !== 0) throw NOT_PLAIN; // neither NaN nor infinite
    } else if (typeof inner === "object") {
      if (inner !== null) result[key] = copyObject(inner, depth + 1);
    } else if (inner !== undefined) throw NOT_PLAIN; // an undefined key reads like the missing one over the wire
  }
  return result;
}

function copyList(value: readonly unknown[], depth: number): unknown {
  if (value.length === 0) return [];
  const result = value.slice();
  for (let index = 0; index < result.length; index++) {
    const inner = result[index];
    if (typeof inner === "string" || typeof inner === "boolean") continue;
    if (typeof inner === "number") {
      if (inner - inner !== 0) throw NOT_PLAIN;
    } else if (typeof inner === "object") {
      if (inner !== null) result[index] = copyObject(inner, depth + 1);
    } else throw NOT_PLAIN;
  }
  return result;
}

/** Never seen outside: thrown without a stack of its own, so that it costs little. */
const NOT_PLAIN = new Error("not plain data");
