import { isUtf8 } from "node:buffer";
import { asBuffer } from "@micro/codec";
import { MicroError } from "@micro/core";

const CONTENT_TYPE = "application/msgpack";
const TIMESTAMP = -1;
/** What a Date can hold, in ms from the epoch. */
const MAX_DATE_MS = 8.64e15;
const MAX_NANOSECONDS = 999_999_999;
const REPLACEMENT = "\uFFFD";

/** How a decoder is limited. */
export interface DecodeOptions {
  /** Levels of lists and objects inside each other. */
  readonly maxDepth: number;
  /** Bytes of one body. */
  readonly maxBytes: number;
}

/** The one value in a body. Throws a MicroError `BAD_REQUEST` that says what is wrong and where. */
export function decode(bytes: Uint8Array, options: DecodeOptions): unknown {
  if (bytes.length === 0) return undefined;
  if (bytes.length > options.maxBytes) {
    throw refused(`${bytes.length} bytes are more than ${options.maxBytes}${raise("max_size")}`);
  }
  const decoder = new Decoder(bytes, options);
  const value = decoder.read(options.maxDepth);
  decoder.requireEnd();
  return value;
}

class Decoder {
  readonly #bytes: Buffer;
  readonly #options: DecodeOptions;
  #at = 0;

  constructor(bytes: Uint8Array, options: DecodeOptions) {
    this.#bytes = asBuffer(bytes);
    this.#options = options;
  }

  requireEnd(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw refused(`${rest} bytes follow the value at byte ${this.#at}`);
  }

  /** `room` is how many levels may still follow. */
  read(room: number): unknown {
    const head = this.#number(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, room);
    if (head < 0xa0) return this.#list(head & 0x0f, room);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#number(2 ** (head - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#number(2 ** (head - 0xc7)));
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#number(2 ** (head - 0xcc));
      case 0xcf:
        return shortened(this.#bytes.readBigUInt64BE(this.#take(8)));
      case 0xd0:
        return this.#bytes.readInt8(this.#take(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(4));
      case 0xd3:
        return shortened(this.#bytes.readBigInt64BE(this.#take(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#number(2 ** (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#number(2 ** (head - 0xdb)), room);
      case 0xde:
      case 0xdf:
        return this.#map(this.#number(2 ** (head - 0xdd)), room);
      default:
        throw refused(`0x${head.toString(16)} at byte ${this.#at - 1} is no type`);
    }
  }

  /** Grows with what is read: what is announced takes no memory. */
  #list(length: number, room: number): unknown[] {
    this.#open(length, room);
    const list: unknown[] = [];
    for (let index = 0; index < length; index++) list.push(this.read(room - 1));
    return list;
  }

  #map(length: number, room: number): Record<string, unknown> {
    this.#open(length * 2, room);
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = this.#key();
      const value = this.read(room - 1);
      if (key === "constructor" && typeof value === "object" && value !== null) {
        if (Object.hasOwn(value, "prototype")) {
          throw refused("the keys 'constructor.prototype' are not allowed");
        }
      }
      map[key] = value;
    }
    return map;
  }

  /** Keys that change prototypes where a receiver merges objects carelessly are refused. */
  #key(): string {
    const at = this.#at;
    const head = this.#bytes[at] ?? 0xa0;
    if ((head < 0xa0 || head >= 0xc0) && (head < 0xd9 || head > 0xdb)) {
      throw refused(`the key of a map at byte ${at} is no text`);
    }
    const key = this.read(0) as string;
    if (key === "__proto__") throw refused("the key '__proto__' is not allowed");
    return key;
  }

  /** Each of `count` values takes a byte at least. */
  #open(count: number, room: number): void {
    if (room === 0) {
      const deeper = `lists and maps are nested deeper than ${this.#options.maxDepth} at byte ${this.#at}`;
      throw refused(`${deeper}${raise("max_depth")}`);
    }
    const left = this.#bytes.length - this.#at;
    if (count > left)
      throw refused(`${count} values are announced at byte ${this.#at}, and ${left} bytes left`);
  }

  #text(length: number): string {
    const start = this.#take(length);
    const text = this.#bytes.toString("utf8", start, start + length);
    // Node puts U+FFFD where a byte is wrong, so a text without one was good.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw refused(`the text at byte ${start} is not UTF-8`);
    }
    return text;
  }

  /** A copy, so that a small value does not keep a large message in memory. */
  #binary(length: number): Uint8Array {
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  #extension(length: number): Date {
    const type = this.#bytes.readInt8(this.#take(1));
    const at = this.#take(length);
    if (type !== TIMESTAMP) throw refused(`the extension type ${type} at byte ${at} is not known`);
    const bytes = this.#bytes;
    if (length === 4) return dateOf(bytes.readUInt32BE(at), 0, at);
    if (length === 8) {
      const both = bytes.readBigUInt64BE(at);
      return dateOf(Number(both & 0x3_ffff_ffffn), Number(both >> 34n), at);
    }
    if (length === 12) return dateOf(Number(bytes.readBigInt64BE(at + 4)), bytes.readUInt32BE(at), at);
    throw refused(`a time at byte ${at} has ${length} bytes`);
  }

  /** An unsigned number of one, two or four bytes. */
  #number(size: number): number {
    const at = this.#take(size);
    if (size === 1) return this.#bytes[at] as number;
    return size === 2 ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt32BE(at);
  }

  /** Where `count` bytes start, which are then read. */
  #take(count: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (count > left) throw refused(`${count} bytes are announced at byte ${at}, and ${left} are left`);
    this.#at = at + count;
    return at;
  }
}

/** A number where a number is exact, as JSON would give it. */
function shortened(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function dateOf(seconds: number, nanoseconds: number, at: number): Date {
  const ms = seconds * 1000 + Math.floor(nanoseconds / 1e6);
  if (nanoseconds <= MAX_NANOSECONDS && Math.abs(ms) <= MAX_DATE_MS) return new Date(ms);
  throw refused(`the time at byte ${at} is none that a Date can hold`);
}

function raise(option: string): string {
  return `; raise codec.msgpack_${option} if such messages are meant`;
}

function refused(what: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `${CONTENT_TYPE} body: ${what}` });
}
