const FIRST_BYTES = 256;

/** Writes the formats of MessagePack into memory that grows. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** What was written, in memory of its own. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
    return this;
  }

  u64(value: bigint): this {
    this.#room(8);
    this.#length = this.#buffer.writeBigUInt64BE(value, this.#length);
    return this;
  }

  float(value: number): void {
    this.byte(0xcb).#room(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  /** A safe whole number in the fewest bytes. */
  integer(value: number): void {
    if (value >= 0) {
      if (value < 0x80) this.byte(value);
      else if (value < 0x100) this.byte(0xcc).byte(value);
      else if (value < 0x1_0000) this.byte(0xcd).u16(value);
      else if (value < 0x1_0000_0000) this.byte(0xce).u32(value);
      else this.byte(0xcf).u64(BigInt(value));
    } else if (value >= -0x20) this.byte(value & 0xff);
    else if (value >= -0x80) this.byte(0xd0).byte(value & 0xff);
    else if (value >= -0x8000) this.byte(0xd1).u16(value & 0xffff);
    else if (value >= -0x8000_0000) this.byte(0xd2).u32(value >>> 0);
    else this.byte(0xd3).u64(BigInt.asUintN(64, BigInt(value)));
  }

  /** A whole number of 64 bits in the fewest bytes. */
  bigInteger(value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.integer(number);
    else this.byte(value < 0n ? 0xd3 : 0xcf).u64(BigInt.asUintN(64, value));
  }

  text(value: string): void {
    if (value.length < 0x20 && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    if (length < 0x20) this.byte(0xa0 | length);
    else this.#sized(length, [0xd9, 0xda, 0xdb]);
    this.#room(length);
    this.#length += this.#buffer.write(value, this.#length, "utf8");
  }

  binary(value: Uint8Array): void {
    this.#sized(value.length, [0xc4, 0xc5, 0xc6]);
    this.#room(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  listOf(length: number): void {
    if (length < 0x10) this.byte(0x90 | length);
    else if (length < 0x1_0000) this.byte(0xdc).u16(length);
    else this.byte(0xdd).u32(length);
  }

  mapOf(length: number): void {
    if (length < 0x10) this.byte(0x80 | length);
    else if (length < 0x1_0000) this.byte(0xde).u16(length);
    else this.byte(0xdf).u32(length);
  }

  /** The head of an extension; `length` bytes follow. */
  extension(type: number, length: 4 | 8 | 12): this {
    if (length === 12) this.byte(0xc7).byte(length);
    else this.byte(length === 4 ? 0xd6 : 0xd7);
    return this.byte(type & 0xff);
  }

  /** Keys and names mostly: a loop costs a third of a call into the runtime. False, and nothing written, for others. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    this.#room(length + 1);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = 0xa0 | length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #sized(length: number, [one, two, four]: readonly [number, number, number]): void {
    if (length < 0x100) this.byte(one).byte(length);
    else if (length < 0x1_0000) this.byte(two).u16(length);
    else this.byte(four).u32(length);
  }

  #room(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
