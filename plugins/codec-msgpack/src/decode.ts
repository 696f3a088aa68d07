import { isUtf8 } from "node:buffer";
import { asBuffer } from "@micro/codec";
import { MicroError } from "@micro/core";
import {
  decodeTimestampToTimeSpec,
  EXT_TIMESTAMP,
  ExtensionCodec,
  type ExtensionCodecType,
  decode as unpack,
} from "@msgpack/msgpack";
import { raise, refused } from "./refused.ts";
import { type Binaries, binariesIn } from "./structure.ts";

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
export function decode(bytes: Uint8Array, { maxDepth, maxBytes }: DecodeOptions): unknown {
  if (bytes.length === 0) return undefined;
  if (bytes.length > maxBytes) {
    throw refused(`${bytes.length} bytes are more than ${maxBytes}${raise("max_size")}`);
  }
  const body = asBuffer(bytes);
  const binaries = binariesIn(body, maxDepth);
  const { length } = body;
  try {
    const value = unpack(body, {
      useBigInt64: true,
      // The library reads wrong UTF-8 as something else and drops U+FEFF at the start of long texts: they are read here.
      rawStrings: true,
      keyDecoder: { canBeCached: () => true, decode: textIn },
      mapKeyConverter: textKey,
      extensionCodec: EXTENSIONS,
      maxStrLength: length,
      maxBinLength: length,
      maxArrayLength: length,
      maxMapLength: length,
      maxExtLength: length,
    });
    return finished(value, { body, binaries });
  } catch (error) {
    if (MicroError.is(error)) throw error;
    throw refused(error instanceof Error ? error.message : String(error), error);
  }
}

/** Times, and nothing else: the library checks neither the nanoseconds nor what a Date can hold. */
const EXTENSIONS: ExtensionCodecType<undefined> = {
  tryToEncode: (object, context) => ExtensionCodec.defaultCodec.tryToEncode(object, context),
  decode: (data, type) => {
    if (type !== EXT_TIMESTAMP) throw refused(`the extension type ${type} is not known`);
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    const ms = sec * 1000 + Math.floor(nsec / 1e6);
    if (nsec <= MAX_NANOSECONDS && Math.abs(ms) <= MAX_DATE_MS) return new Date(ms);
    throw refused(`a time of ${sec} seconds and ${nsec} nanoseconds is none that a Date can hold`);
  },
};

interface Source {
  readonly body: Buffer;
  /** Where the contents of binaries begin; what else the library gives as bytes is text. */
  readonly binaries: Pick<Binaries, "has">;
}

/** What the library gave, in place: numbers where they are exact, as JSON would give them, texts, and bytes. */
function finished(value: unknown, source: Source): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = value;
    for (let index = 0; index < list.length; index++) list[index] = finished(list[index], source);
    return list;
  }
  if (value instanceof Uint8Array) {
    const { body, binaries } = source;
    const start = value.byteOffset - body.byteOffset;
    // A copy, so that a small value does not keep a large message in memory.
    return binaries.has(start) ? new Uint8Array(value) : textIn(body, start, value.length);
  }
  return finishedMap(value as Record<string, unknown>, source);
}

function finishedMap(map: Record<string, unknown>, source: Source): Record<string, unknown> {
  for (const key of Object.keys(map)) {
    const value = finished(map[key], source);
    map[key] = value;
    const nested = key === "constructor" && typeof value === "object" && value !== null;
    if (nested && Object.hasOwn(value, "prototype")) {
      throw refused("the keys 'constructor.prototype' are not allowed");
    }
  }
  return map;
}

function textKey(key: unknown): string {
  // The library refuses `__proto__` before this.
  if (typeof key === "string") return key;
  throw refused("the key of a map is no text");
}

function textIn(bytes: Uint8Array, start: number, length: number): string {
  const end = start + length;
  const text = asBuffer(bytes).toString("utf8", start, end);
  // Node puts U+FFFD where a byte is wrong, so a text without one was good.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    throw refused(`the text at byte ${start} is not UTF-8`);
  }
  return text;
}
