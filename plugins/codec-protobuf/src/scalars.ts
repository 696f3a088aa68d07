import { type Int64Form, int64As, type MapKeyType, readScalar, type ScalarType } from "@micro/core/message";
import type { Reader, Writer } from "protobufjs/minimal.js";

/** How a scalar type is written and read. */
export interface ScalarWire {
  /** 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
  readonly wireType: 0 | 1 | 2 | 5;
  /** The value as `write` takes it. Throws a MessageProblem for what is none of the type. */
  check(value: unknown): unknown;
  /** Whether a checked value is what an absent field means. */
  isDefault(value: unknown): boolean;
  write(writer: Writer, value: unknown): void;
  read(reader: Reader, int64: Int64Form): unknown;
}

/** Both halves of a 64-bit integer, as the library makes and takes them; the upper one has the sign. */
interface Halves {
  readonly low: number;
  readonly high: number;
}

const TWO_32 = 4_294_967_296;
/** The upper half of a number that a double holds exactly is below this. */
const EXACT_HIGH = 2 ** 21;

const isZero = (value: unknown) => value === 0;

/** A varint of up to 32 bits, or four bytes. */
function integer(
  type: ScalarType,
  method: "int32" | "uint32" | "sint32" | "fixed32" | "sfixed32",
): ScalarWire {
  const signed = type === "int32" || type === "sint32" || type === "sfixed32";
  return {
    wireType: method.endsWith("fixed32") ? 5 : 0,
    check: (value) => {
      const fits = typeof value === "number" && (signed ? value | 0 : value >>> 0) === value;
      // Adding zero makes 0 of -0.
      return fits ? value + 0 : readScalar(type, value, "number");
    },
    isDefault: isZero,
    write: (writer, value) => void writer[method](value as number),
    read: (reader) => reader[method](),
  };
}

function long(type: ScalarType, method: "int64" | "uint64" | "sint64" | "fixed64" | "sfixed64"): ScalarWire {
  const signed = type === "int64" || type === "sint64" || type === "sfixed64";
  const fixed = method.endsWith("fixed64");
  return {
    wireType: fixed ? 1 : 0,
    // A number wherever one holds it: that is far less work than a bigint.
    check: (value) => {
      const number = typeof value === "bigint" ? Number(value) : value;
      const fits = Number.isSafeInteger(number) && (signed || (number as number) >= 0);
      return fits ? (number as number) + 0 : readScalar(type, value, "bigint");
    },
    isDefault: (value) => value === 0 || value === 0n,
    write: (writer, value) =>
      void writer[method](typeof value === "number" ? value : (halvesOf(value as bigint) as never)),
    read: (reader, form) => {
      if (!fixed && reader.pos < reader.len) {
        const first = reader.buf[reader.pos] as number;
        if (first < 128) {
          reader.pos++;
          return small(method === "sint64" ? (first >>> 1) ^ -(first & 1) : first, form);
        }
      }
      const { low, high } = reader[method]() as unknown as Halves;
      const upper = signed ? high : high >>> 0;
      const number = upper * TWO_32 + (low >>> 0);
      if (upper < EXACT_HIGH && upper >= -EXACT_HIGH) return small(number, form);
      return int64As((BigInt(upper) << 32n) | BigInt(low >>> 0), form);
    },
  };
}

function small(value: number, form: Int64Form): bigint | string | number {
  // -2^53 is exact but not safe: int64As has the error for it.
  if (form === "number") return Number.isSafeInteger(value) ? value : int64As(BigInt(value), form);
  return form === "bigint" ? BigInt(value) : value.toString();
}

function halvesOf(value: bigint): Halves & { readonly unsigned: boolean } {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}

/** -0 is written: it is another value than the default. */
const isPlusZero = (value: unknown) => Object.is(value, 0);

const STRING: ScalarWire = {
  wireType: 2,
  check: (value) =>
    typeof value === "string" && value.isWellFormed() ? value : readScalar("string", value, "bigint"),
  isDefault: (value) => value === "",
  write: (writer, value) => void writer.string(value as string),
  read: (reader) => reader.stringVerify(),
};

const SCALARS: Readonly<Record<ScalarType, ScalarWire>> = {
  double: {
    wireType: 1,
    check: (value) => (typeof value === "number" ? value : readScalar("double", value, "bigint")),
    isDefault: isPlusZero,
    write: (writer, value) => void writer.double(value as number),
    read: (reader) => reader.double(),
  },
  float: {
    wireType: 5,
    check: (value) => readScalar("float", value, "bigint"),
    isDefault: isPlusZero,
    write: (writer, value) => void writer.float(value as number),
    read: (reader) => reader.float(),
  },
  int32: integer("int32", "int32"),
  uint32: integer("uint32", "uint32"),
  sint32: integer("sint32", "sint32"),
  fixed32: integer("fixed32", "fixed32"),
  sfixed32: integer("sfixed32", "sfixed32"),
  int64: long("int64", "int64"),
  uint64: long("uint64", "uint64"),
  sint64: long("sint64", "sint64"),
  fixed64: long("fixed64", "fixed64"),
  sfixed64: long("sfixed64", "sfixed64"),
  bool: {
    wireType: 0,
    check: (value) => (typeof value === "boolean" ? value : readScalar("bool", value, "bigint")),
    isDefault: (value) => value === false,
    write: (writer, value) => void writer.bool(value as boolean),
    read: (reader) => reader.bool(),
  },
  string: STRING,
  bytes: {
    wireType: 2,
    // Not a copy, as readScalar would make: the writer makes one.
    check: (value) => (value instanceof Uint8Array ? value : readScalar("bytes", value, "bigint")),
    isDefault: (value) => (value as Uint8Array).length === 0,
    write: (writer, value) => void writer.bytes(value as Uint8Array),
    // A copy: a small field would else hold the memory of the whole body.
    read: (reader) => new Uint8Array(reader.bytes()),
  },
};

/** The texts of proto2 need not be UTF-8: what is none is read as U+FFFD. */
const LENIENT_STRING: ScalarWire = { ...STRING, read: (reader) => reader.string() };

/** How a scalar type is written and read; proto2 does not check that its texts are UTF-8. */
export function scalarWire(type: ScalarType, syntax: "proto2" | "proto3"): ScalarWire {
  return type === "string" && syntax === "proto2" ? LENIENT_STRING : SCALARS[type];
}

/** A checked map key, as a property, in the form that its {@link ScalarWire} checks. */
export function mapKeyValue(type: MapKeyType, property: string): unknown {
  if (type === "string") return property;
  if (type === "bool") return property === "true";
  return type.endsWith("64") ? BigInt(property) : Number(property);
}
