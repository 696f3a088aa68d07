import { unencodable } from "@micro/codec";
import { ByteWriter } from "./byte-writer.ts";

const CONTENT_TYPE = "application/msgpack";
const MIN_INTEGER = -(1n << 63n);
const MAX_INTEGER = (1n << 64n) - 1n;
const TIMESTAMP = -1;

/** How an encoder is limited. */
export interface EncodeOptions {
  /** Levels of lists and objects inside each other; what is deeper is mostly a circle. */
  readonly maxDepth: number;
}

/** MessagePack of a value: undefined is an empty object, as in JSON. Throws a MicroError `INTERNAL`. */
export function encode(value: unknown, options: EncodeOptions): Uint8Array {
  const encoder = new Encoder(options);
  encoder.write(value === undefined ? {} : value, options.maxDepth);
  return encoder.writer.bytes();
}

class Encoder {
  readonly writer = new ByteWriter();
  readonly #options: EncodeOptions;

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  /** `room` is how many levels may still follow. */
  write(value: unknown, room: number): void {
    const { writer } = this;
    switch (typeof value) {
      case "string":
        writer.text(value);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        writer.byte(value ? 0xc3 : 0xc2);
        return;
      case "bigint":
        if (value < MIN_INTEGER || value > MAX_INTEGER) {
          throw refused(value, "whole numbers of 64 bits", "send it as a text");
        }
        writer.bigInteger(value);
        return;
      case "undefined":
        writer.byte(0xc0);
        return;
      case "object":
        if (value === null) writer.byte(0xc0);
        else this.#object(value, room);
        return;
      default:
        throw refused(value, "data", "give an object, a list or a scalar");
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.writer.integer(value);
    else this.writer.float(value);
  }

  #object(value: object, room: number): void {
    if (room === 0) {
      const hint = "break the circle, if it is one, or raise codec.msgpack_max_depth";
      throw refused(value, `trees of at most ${this.#options.maxDepth} levels`, hint);
    }
    if (Array.isArray(value)) this.#list(value, room);
    else if (ArrayBuffer.isView(value)) this.#view(value, room);
    else if (value instanceof ArrayBuffer) this.writer.binary(new Uint8Array(value));
    else if (value instanceof Date) this.#date(value);
    else if (value instanceof Map) this.#object(objectOf(value as Map<unknown, unknown>), room);
    else if (value instanceof Set) this.#list([...value], room);
    else if ("toJSON" in value && typeof value.toJSON === "function") {
      this.write((value.toJSON as () => unknown)(), room - 1);
    } else this.#properties(value as Readonly<Record<string, unknown>>, room);
  }

  #list(values: readonly unknown[], room: number): void {
    this.writer.listOf(values.length);
    for (const value of values) this.write(value, room - 1);
  }

  #properties(value: Readonly<Record<string, unknown>>, room: number): void {
    const { writer } = this;
    const keys = Object.keys(value);
    let count = 0;
    for (const key of keys) if (value[key] !== undefined) count++;
    writer.mapOf(count);
    for (const key of keys) {
      const inner = value[key];
      // As in JSON, a key whose value is undefined is not there.
      if (inner === undefined) continue;
      writer.text(key);
      this.write(inner, room - 1);
    }
  }

  #view(view: ArrayBufferView, room: number): void {
    const bytes = view instanceof Uint8Array || view instanceof Uint8ClampedArray || view instanceof DataView;
    if (bytes) this.writer.binary(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    else this.#list(Array.from(view as unknown as ArrayLike<unknown>), room);
  }

  #date(date: Date): void {
    const ms = date.getTime();
    if (Number.isNaN(ms)) throw refused(date, "valid dates", "leave out what has no time");
    const seconds = Math.floor(ms / 1000);
    const nanoseconds = (ms - seconds * 1000) * 1e6;
    const { writer } = this;
    if (seconds >= 0 && seconds <= 0xffff_ffff && nanoseconds === 0) {
      writer.extension(TIMESTAMP, 4).u32(seconds);
    } else if (seconds >= 0 && seconds < 2 ** 34) {
      writer.extension(TIMESTAMP, 8).u64((BigInt(nanoseconds) << 34n) | BigInt(seconds));
    } else {
      writer
        .extension(TIMESTAMP, 12)
        .u32(nanoseconds)
        .u64(BigInt.asUintN(64, BigInt(seconds)));
    }
  }
}

/** Without a prototype, so that no key of the map means more than a key. */
function objectOf(map: ReadonlyMap<unknown, unknown>): Readonly<Record<string, unknown>> {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of map) {
    if (typeof key !== "string") throw refused(key, "maps whose keys are texts", "turn the keys into texts");
    object[key] = value;
  }
  return object;
}

function refused(value: unknown, carries: string, hint: string): Error {
  return unencodable(CONTENT_TYPE, value, { carries, hint });
}
