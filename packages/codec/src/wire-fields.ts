/** One field of a protobuf message as it was read: bytes, or the 64 bits of a number. */
export interface WireField {
  readonly number: number;
  readonly value: Uint8Array | bigint;
}

/**
 * The fields of a protobuf message, in their order; fixed-size ones are skipped. For wires that read a few messages of
 * their own protocol and need no codec for them. Throws a RangeError for what is no message.
 */
export function readWireFields(bytes: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("the message ends inside a field");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError("a number has more than ten bytes");
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError("the message ends inside a field");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(next());
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: next() });
        break;
      case 1:
        take(8);
        break;
      case 2:
        fields.push({ number, value: take(Number(next())) });
        break;
      case 5:
        take(4);
        break;
      default:
        throw new RangeError(`a field has wire type ${tag % 8}`);
    }
  }
  return fields;
}

/** The text of a field; empty when it is missing or none. */
export function wireText(fields: readonly WireField[], number: number): string {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
}

/** The `int32` of a field; 0 when it is missing or none. */
export function wireInt32(fields: readonly WireField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  // Negative numbers are written in 64 bits.
  return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : 0;
}
