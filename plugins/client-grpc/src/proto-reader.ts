/** One field of a message as it was read: bytes, or a number. */
export interface ReadField {
  readonly number: number;
  readonly value: Uint8Array | number;
}

/** The fields of a protobuf message, in their order; fixed-size ones are skipped. Throws a RangeError for what is no message. */
export function readFields(bytes: Uint8Array): readonly ReadField[] {
  const fields: ReadField[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("the message ends inside a field");
      value += (byte & 127) * 2 ** shift;
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
    const tag = next();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: next() });
        break;
      case 1:
        take(8);
        break;
      case 2:
        fields.push({ number, value: take(next()) });
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
export function textOf(fields: readonly ReadField[], number: number): string {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
}

/** The `int32` of a field; 0 when it is missing or none. */
export function int32Of(fields: readonly ReadField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  // Negative numbers are written in 64 bits.
  return typeof value === "number" ? Number(BigInt.asIntN(32, BigInt(value))) : 0;
}
