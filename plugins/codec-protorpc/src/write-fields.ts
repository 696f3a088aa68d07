import { WireType } from "@micro/codec";

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
