import { isUtf8 } from "node:buffer";
import { asBuffer } from "@micro/codec";

/** Why bytes are no protobuf message. */
export class FieldProblem extends Error {}

/** How the value of a field is written. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The value of one field, read when it is asked for. */
export interface FieldValue {
  readonly type: number;
  text(): string;
  fixed64(): bigint;
}

/**
 * Visits the fields of a protobuf message: all that an envelope needs of protobuf, so that this codec brings no
 * library. Throws a {@link FieldProblem}.
 */
export function readFields(bytes: Uint8Array, visit: (number: number, value: FieldValue) => void): void {
  const buffer = asBuffer(bytes);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = buffer[at++];
      if (byte === undefined) throw new FieldProblem("a number ends in the middle");
      // Beyond 2^53 it loses digits, and is too large for everything here all the same.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new FieldProblem(`a number before byte ${at} has more than ten bytes`);
  };
  while (at < buffer.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    if (number === 0 || tag > 0xffff_ffff) throw new FieldProblem(`there is no field ${number}`);
    let size = 0;
    if (type === WireType.varint) varint();
    else if (type === WireType.fixed64) size = 8;
    else if (type === WireType.bytes) size = varint();
    else if (type === WireType.fixed32) size = 4;
    else throw new FieldProblem(`field ${number} has the unknown wire type ${type}`);
    if (size > buffer.length - at) {
      throw new FieldProblem(`field ${number} announces ${size} bytes, and ${buffer.length - at} are there`);
    }
    const value = buffer.subarray(at, at + size);
    at += size;
    visit(number, { type, text: () => textOf(number, value), fixed64: () => value.readBigUInt64LE() });
  }
}

function textOf(number: number, value: Buffer): string {
  if (!isUtf8(value)) throw new FieldProblem(`the text of field ${number} is not UTF-8`);
  return value.toString("utf8");
}

/** A text field. */
export function writeText(number: number, text: string): Uint8Array {
  const body = Buffer.from(text);
  const head = [(number << 3) | WireType.bytes];
  let size = body.length;
  for (; size > 0x7f; size = Math.floor(size / 128)) head.push((size % 128) | 0x80);
  head.push(size);
  return Buffer.concat([Uint8Array.from(head), body]);
}

/** A fixed64 field. */
export function writeFixed64(number: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | WireType.fixed64;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}
