import {
  defineEnum,
  defineFile,
  defineMessage,
  type FieldsOptions,
  type MapKeyType,
  type MessageType,
  type ScalarType,
} from "@micro/core/message";
import * as wkt from "@micro/core/wkt";

/** Message types with every kind of field; nothing in the tests looks at their TypeScript types. */
export type Loose = MessageType<Record<string, unknown>>;

const oldFile = defineFile({ name: "wide/old.proto", package: "wide.v1", syntax: "proto2" });

export const wideFile = defineFile({
  name: "wide/wide.proto",
  package: "wide.v1",
  imports: [
    oldFile,
    wkt.anyFile,
    wkt.durationFile,
    wkt.emptyFile,
    wkt.fieldMaskFile,
    wkt.structFile,
    wkt.timestampFile,
    wkt.wrappersFile,
  ],
});

/** All files, each behind those that it imports. */
export const files = [...wideFile.imports, wideFile];

export const SCALAR_TYPES: readonly ScalarType[] = [
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
];

const each = (options: object, types: readonly ScalarType[] = SCALAR_TYPES): FieldsOptions =>
  Object.fromEntries(types.map((type, index) => [`${type}Field`, { number: index + 1, type, ...options }]));

export const State = defineEnum(wideFile, "State", {
  STATE_UNKNOWN: 0,
  STATE_OPEN: 1,
  STATE_ALSO: 1,
  STATE_LOW: -5,
});
const Kind = defineEnum(wideFile, "Outer.Kind", { KIND_A: 0, KIND_B: 7 });

export const Item: Loose = defineMessage(wideFile, "Item", () => ({
  sku: { number: 1, type: "string" },
  count: { number: 2, type: "int32" },
}));

export const Scalars: Loose = defineMessage(wideFile, "Scalars", () => ({
  ...each({}),
  state: { number: 16, type: State },
  item: { number: 17, type: Item },
  // A name that JSON writes otherwise, a number that takes five bytes, and both other forms of 64-bit integers.
  odd_name_2: { number: 536_870_911, type: "string", name: "odd_name_2", jsonName: "oddOne" },
  asString: { number: 20, type: "int64", int64: "string" },
  asNumber: { number: 2047, type: "uint64", int64: "number" },
}));

export const Optionals: Loose = defineMessage(wideFile, "Optionals", () => ({
  ...each({ optional: true }),
  state: { number: 16, type: State, optional: true },
}));

export const Lists: Loose = defineMessage(wideFile, "Lists", () => ({
  ...each({ repeated: true }),
  state: { number: 16, type: State, repeated: true },
  item: { number: 17, type: Item, repeated: true },
}));

export const Unpacked: Loose = defineMessage(wideFile, "Unpacked", () => ({
  ...each({ repeated: true, packed: false }, SCALAR_TYPES.slice(0, 13)),
  state: { number: 16, type: State, repeated: true, packed: false },
}));

const MAP_VALUES: FieldsOptions[string]["type"][] = [...SCALAR_TYPES, State, Item];

export const Maps: Loose = defineMessage(wideFile, "Maps", () => ({
  ...Object.fromEntries(
    SCALAR_TYPES.slice(2, 14).map((type, index) => [
      `${type}Key`,
      { number: index + 1, type: index % 2 === 0 ? Item : "string", map: type as MapKeyType },
    ]),
  ),
  ...Object.fromEntries(
    MAP_VALUES.map((type, index) => [`value${index}`, { number: 100 + index, type, map: "string" }]),
  ),
}));

export const Choice: Loose = defineMessage(wideFile, "Choice", () => ({
  ...each({ oneof: "choice" }),
  state: { number: 16, type: State, oneof: "choice" },
  item: { number: 17, type: Item, oneof: "choice" },
  tree: { number: 18, type: Tree, oneof: "choice" },
  left: { number: 30, type: "string", oneof: "other" },
  right: { number: 31, type: "int64", oneof: "other" },
}));

export const Tree: Loose = defineMessage(wideFile, "Tree", () => ({
  name: { number: 1, type: "string" },
  child: { number: 2, type: Tree },
  children: { number: 3, type: Tree, repeated: true },
  byName: { number: 4, type: Tree, map: "string" },
  choice: { number: 5, type: Choice },
}));

export const Outer: Loose = defineMessage(wideFile, "Outer", () => ({
  inner: { number: 1, type: Inner },
  kind: { number: 2, type: Kind },
  deepest: { number: 3, type: Deepest, repeated: true },
  _maybe: { number: 4, type: "string", optional: true },
  maybe: { number: 5, type: "string", optional: true },
}));
const Inner: Loose = defineMessage(wideFile, "Outer.Inner", () => ({
  kind: { number: 1, type: Kind },
  up: { number: 2, type: Outer },
}));
const Deepest: Loose = defineMessage(wideFile, "Outer.Inner.Deepest", () => ({
  lists: { number: 1, type: Lists },
}));

export const Known: Loose = defineMessage(wideFile, "Known", () => ({
  any: { number: 1, type: wkt.Any },
  duration: { number: 2, type: wkt.Duration },
  empty: { number: 3, type: wkt.Empty },
  mask: { number: 4, type: wkt.FieldMask },
  timestamp: { number: 5, type: wkt.Timestamp },
  struct: { number: 6, type: wkt.Struct },
  value: { number: 7, type: wkt.Value },
  list: { number: 8, type: wkt.ListValue },
  nullValue: { number: 9, type: wkt.NullValue },
  doubleValue: { number: 11, type: wkt.DoubleValue },
  floatValue: { number: 12, type: wkt.FloatValue },
  int64Value: { number: 13, type: wkt.Int64Value },
  uint64Value: { number: 14, type: wkt.UInt64Value, name: "uint64_value", jsonName: "uint64Value" },
  int32Value: { number: 15, type: wkt.Int32Value },
  uint32Value: { number: 16, type: wkt.UInt32Value },
  boolValue: { number: 17, type: wkt.BoolValue },
  stringValue: { number: 18, type: wkt.StringValue },
  bytesValue: { number: 19, type: wkt.BytesValue },
  durations: { number: 20, type: wkt.Duration, repeated: true },
  times: { number: 21, type: wkt.Timestamp, map: "string" },
  values: { number: 22, type: wkt.Value, repeated: true },
  words: { number: 23, type: wkt.StringValue, repeated: true },
  nothing: { number: 24, type: wkt.NullValue, oneof: "nullable" },
  something: { number: 25, type: wkt.Value, oneof: "nullable" },
}));

export const Grade = defineEnum(oldFile, "Grade", { GRADE_A: 1, GRADE_B: 2, GRADE_NONE: 0 });

export const Legacy: Loose = defineMessage(oldFile, "Legacy", () => ({
  ...each({}),
  id: { number: 16, type: "int32", required: true },
  grade: { number: 17, type: Grade, default: 2 },
  grades: { number: 18, type: Grade, repeated: true },
  numbers: { number: 19, type: "sint64", repeated: true },
  packed: { number: 20, type: "fixed32", repeated: true, packed: true },
  part: { number: 21, type: Part },
  byGrade: { number: 22, type: Grade, map: "int32" },
  parts: { number: 23, type: Part, map: "bool" },
  one: { number: 24, type: Grade, oneof: "either" },
  two: { number: 25, type: "double", oneof: "either", default: Number.POSITIVE_INFINITY },
}));
export const Part: Loose = defineMessage(oldFile, "Legacy.Part", () => ({
  must: { number: 1, type: "string", required: true },
  may: { number: 2, type: "string", default: "so" },
}));

/** Everything of both files. */
export const types: readonly Loose[] = [
  Item,
  Scalars,
  Optionals,
  Lists,
  Unpacked,
  Maps,
  Choice,
  Tree,
  Outer,
  Known,
  Legacy,
];
