import { asBuffer } from "./utf8.ts";

/** How the value of a field is written. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field of a protobuf message as it was read: bytes, or the bits of a number. */
export interface WireField {
  readonly number: number;
  /** One of {@link WireType}: what tells a number of 64 fixed bits from one of as many as it needs. */
  readonly type: number;
  readonly value: Uint8Array | bigint;
}

/**
 * Visits the fields of a protobuf message in their order. For wires and envelopes that read a few messages of their own
 * protocol and need no library for them. Throws a RangeError that says where, for what is no message.
 */
export function visitWireFields(bytes: Uint8Array, visit: (field: WireField) => void): void {
  const buffer = asBuffer(bytes);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = buffer[at++];
      if (byte === undefined) throw new RangeError("a number ends in the middle");
      // Beyond 2^53 it loses digits, and is too large for a tag or a length all the same.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`a number before byte ${at} has more than ten bytes`);
  };
  while (at < buffer.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    if (number === 0 || tag > 0xffff_ffff) throw new RangeError(`there is no field ${number}`);
    if (type === WireType.varint) {
      const from = at;
      const value = varint();
      const bits = Number.isSafeInteger(value) ? BigInt(value) : exactVarint(buffer.subarray(from, at));
      visit({ number, type, value: bits });
      continue;
    }
    let size: number;
    if (type === WireType.fixed64) size = 8;
    else if (type === WireType.bytes) size = varint();
    else if (type === WireType.fixed32) size = 4;
    else throw new RangeError(`field ${number} has the unknown wire type ${type}`);
    if (size > buffer.length - at) {
      throw new RangeError(`field ${number} announces ${size} bytes, and ${buffer.length - at} are there`);
    }
    const value = buffer.subarray(at, at + size);
    at += size;
    visit({ number, type, value: type === WireType.bytes ? value : fixedBits(value) });
  }
}

function exactVarint(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 7n) | BigInt(byte & 0x7f), 0n);
}

function fixedBits(value: Buffer): bigint {
  return value.length === 8 ? value.readBigUInt64LE() : BigInt(value.readUInt32LE());
}

/** The fields of a protobuf message, in their order. Throws a RangeError for what is no message. */
export function readWireFields(bytes: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  visitWireFields(bytes, (field) => fields.push(field));
  return fields;
}

/** The text of a field; empty when it is missing or none. */
export function wireText(fields: readonly WireField[], number: number): string {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? asBuffer(value).toString("utf8") : "";
}

/** The `int32` of a field; 0 when it is missing or none. */
export function wireInt32(fields: readonly WireField[], number: number): number {
  const field = fields.findLast((candidate) => candidate.number === number);
  // Negative numbers are written in 64 bits.
  return field?.type === WireType.varint ? Number(BigInt.asIntN(32, field.value as bigint)) : 0;
}
