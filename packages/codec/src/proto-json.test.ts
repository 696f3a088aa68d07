import { thrownBy } from "@micro/core/conformance";
import { defineEnum, defineFile, defineMessage, type MessageType } from "@micro/core/message";
import * as wkt from "@micro/core/wkt";
import { describe, expect, test } from "vitest";
import { messageFromJson, messageToJson } from "./index.ts";

type Loose = MessageType<Record<string, unknown>>;

const file = defineFile({ name: "shop.proto", package: "shop", imports: [wkt.timestampFile] });
const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1 });
const oldFile = defineFile({ name: "old.proto", package: "old", syntax: "proto2" });
const Grade = defineEnum(oldFile, "Grade", { BEST: 1 });

const Item: Loose = defineMessage(file, "Item", () => ({
  sku: { number: 1, type: "string" },
  unitPrice: { number: 2, type: "double" },
}));
const Order: Loose = defineMessage(file, "Order", () => ({
  orderId: { number: 1, type: "int64" },
  state: { number: 2, type: State },
  items: { number: 3, type: Item, repeated: true },
  rawData: { number: 4, type: "bytes" },
  placedAt: { number: 5, type: wkt.Timestamp },
  timeLeft: { number: 6, type: wkt.Duration },
  byCode: { number: 7, type: "int32", map: "int64" },
  flags: { number: 8, type: "string", map: "bool" },
  parent: { number: 9, type: Order },
  card: { number: 10, type: "string", oneof: "payment" },
  cashPaid: { number: 11, type: "bool", oneof: "payment" },
  count: { number: 12, type: "uint32" },
  ratio: { number: 13, type: "float" },
  note: { number: 14, type: "string", optional: true },
  total: { number: 15, type: "uint64", int64: "string" },
  odd: { number: 16, type: "string", name: "odd_name", jsonName: "@odd" },
  extra: { number: 17, type: wkt.Value },
  mask: { number: 18, type: wkt.FieldMask },
  name: { number: 19, type: wkt.StringValue },
  grade: { number: 20, type: Grade },
  options: { number: 21, type: wkt.Struct },
  labels: { number: 22, type: "string", map: "string" },
  any: { number: 23, type: wkt.Any },
  small: { number: 24, type: "uint64", int64: "number" },
}));

const Orders: Loose = defineMessage(file, "Orders", () => ({
  orders: { number: 1, type: Order, repeated: true },
}));

const read = (json: unknown, type: Loose = Order) => messageFromJson(type, json);

describe("the limit of what a message may become", () => {
  // An Order is a message, a list, three maps and bytes.
  test.each([
    [{}, 6],
    [{ items: [{}, {}] }, 8],
    [{ labels: { a: "b" }, rawData: "AA==" }, 7],
    [{ parent: {} }, 12],
    [{ placedAt: "1970-01-01T00:00:00Z", timeLeft: "1s", name: "x", mask: "a,b" }, 11],
    // A Value with a ListValue, its list, and two Values.
    [{ extra: [0, 1] }, 11],
    // A Struct, its map, and an entry with a Value.
    [{ options: { a: 1 } }, 10],
  ])("%j is so many objects: %i", (json, objects) => {
    const readWith = (max: number) => messageFromJson(Order, json, { limit: { max, option: "codec.some" } });
    expect(readWith(objects)).toEqual(read(json));
    const error = thrownBy(() => readWith(objects - 1));
    expect(error.code).toBe("BAD_REQUEST");
    expect(error.detail).toContain(`more than ${objects - 1} messages`);
    expect(error.detail).toContain("raise codec.some");
  });

  test("has a default, and what is beyond it is refused at its place", () => {
    const orders = Array.from({ length: 400_000 }, () => ({}));
    const error = thrownBy(() => read({ orders }, Orders));
    expect(error.detail).toMatch(/^shop\.Orders: orders\.3333\d\d: more than 2000000 /);
  });
});

describe("messageToJson", () => {
  test("writes as protojson does", () => {
    const json = messageToJson(Order, {
      orderId: 1_099_511_627_776n,
      state: 1,
      items: [{ sku: "a", unitPrice: Number.POSITIVE_INFINITY }, {}],
      rawData: new Uint8Array([251, 255]),
      placedAt: { seconds: 0, nanos: 500_000_000 },
      timeLeft: { seconds: -1n, nanos: -1000 },
      byCode: { 5: 1 },
      flags: { true: "x" },
      cashPaid: false,
      count: 0,
      note: "",
      odd: "o",
      name: { value: "" },
    });
    expect(json).toEqual({
      orderId: "1099511627776",
      state: "OPEN",
      items: [{ sku: "a", unitPrice: "Infinity" }, {}],
      rawData: "+/8=",
      placedAt: "1970-01-01T00:00:00.500Z",
      timeLeft: "-1.000001s",
      byCode: { 5: 1 },
      flags: { true: "x" },
      cashPaid: false,
      note: "",
      "@odd": "o",
      name: "",
    });
    expect(messageToJson(Order, {})).toEqual({});
    expect(messageToJson(Order, { state: 77 })).toEqual({ state: 77 });
  });

  test.each<[unknown, string]>([
    [{ items: [{}, { unitPrice: "1" }] }, 'shop.Order: items.1.unitPrice: must be a number, not "1"'],
    [{ oderId: 1 }, "oderId: unknown field of shop.Order: did you mean 'orderId'?"],
    [{ card: "x", cashPaid: true }, "cashPaid: 'card' is set already"],
    [{ placedAt: { seconds: 2n ** 40n } }, "placedAt: must be a time from year 1 to 9999"],
    [{ placedAt: { nanos: -1 } }, "placedAt: nanos must be 0 to 999999999"],
    [{ timeLeft: { seconds: 1, nanos: -1 } }, "timeLeft: seconds 1 and nanos -1 must have one sign"],
    [{ timeLeft: { seconds: 10n ** 12n } }, "timeLeft: must be a duration of at most"],
    [{ extra: {} }, "extra: has no value"],
    [{ extra: { numberValue: Number.NaN } }, "extra.numberValue: JSON has no NaN"],
    [{ mask: { paths: ["ok", "notOk"] } }, "mask.paths.1:"],
    [{ any: { typeUrl: "x/shop.Item" } }, "any: an Any holds protobuf"],
    [{ any: { typeUrl: "x/other.Item" } }, 'any.typeUrl: the type "x/other.Item" is unknown here'],
    ["x", "shop.Order: must be a shop.Order"],
  ])("refuses %o with its path", (message, detail) => {
    const error = thrownBy(() => messageToJson(Order, message));
    expect(error.code).toBe("INTERNAL");
    expect(error.detail).toContain(detail);
  });
});

describe("messageFromJson takes what both generations of Go Micro write (spec 1.5):", () => {
  test("names in either spelling", () => {
    for (const json of [
      { orderId: "5", cashPaid: true, "@odd": "x", rawData: "AQ==" },
      { order_id: 5, cash_paid: true, odd_name: "x", raw_data: "AQ" },
    ]) {
      expect(read(json)).toEqual(
        Order.create({ orderId: 5n, cashPaid: true, odd: "x", rawData: new Uint8Array([1]) }),
      );
    }
  });

  test("the message of the specification, from 22 and from 26", () => {
    const Health: Loose = defineMessage(file, "Health", () => ({
      memory: { number: 4, type: "uint64" },
      requests: { number: 7, type: "uint64" },
    }));
    const message = { memory: 5n, requests: 1_099_511_627_776n };
    expect(read(JSON.parse('{"memory":5,"requests":1099511627776}'), Health)).toEqual(message);
    expect(read(JSON.parse('{"memory":"5","requests":"1099511627776"}'), Health)).toEqual(message);
    expect(JSON.stringify(messageToJson(Health, message))).toBe('{"memory":"5","requests":"1099511627776"}');
  });

  test.each<[string, unknown, Record<string, unknown>]>([
    [
      "bigints",
      { orderId: 2n ** 63n - 1n, total: 2n ** 64n - 1n, ratio: 2n ** 60n },
      { orderId: 2n ** 63n - 1n, total: "18446744073709551615", ratio: 2 ** 60 },
    ],
    [
      "numbers as text",
      { count: "5", ratio: "0.5", orderId: "-7", small: "9" },
      { count: 5, ratio: 0.5, orderId: -7n, small: 9 },
    ],
    [
      "whole numbers with fraction and exponent",
      { count: "1e2", orderId: "1.50e1", total: "1e3" },
      { count: 100, orderId: 15n, total: "1000" },
    ],
    ["numbers that JSON has not", { ratio: "-Infinity" }, { ratio: Number.NEGATIVE_INFINITY }],
    ["an enum by number, by name, by an unknown number", { state: 1 }, { state: 1 }],
    ["an enum by name", { state: "OPEN" }, { state: 1 }],
    ["a number that no enum has", { state: 77 }, { state: 77 }],
    [
      "times as text",
      { placedAt: "2026-11-22T10:00:00+02:00", timeLeft: "-0.5s" },
      { placedAt: { seconds: 1_795_334_400n, nanos: 0 }, timeLeft: { seconds: 0n, nanos: -500_000_000 } },
    ],
    [
      "times in parts",
      { placedAt: { seconds: 5 }, timeLeft: { seconds: "-1", nanos: -5 } },
      { placedAt: { seconds: 5n, nanos: 0 }, timeLeft: { seconds: -1n, nanos: -5 } },
    ],
    [
      "the ends of time",
      { placedAt: "0001-01-01T00:00:00Z" },
      { placedAt: { seconds: -62_135_596_800n, nanos: 0 } },
    ],
    [
      "nanoseconds",
      { placedAt: "9999-12-31T23:59:59.999999999Z" },
      { placedAt: { seconds: 253_402_300_799n, nanos: 999_999_999 } },
    ],
    ["base64 of URLs, without padding", { rawData: "-_8" }, { rawData: new Uint8Array([251, 255]) }],
    [
      "keys of maps in their one spelling",
      { byCode: { "007": 1 }, flags: { false: "n" } },
      { byCode: { 7: 1 }, flags: { false: "n" } },
    ],
    [
      "null as absence",
      { orderId: null, items: null, byCode: null, placedAt: null, note: null, card: null, cashPaid: true },
      { cashPaid: true },
    ],
    ["null where it is a value", { extra: null }, { extra: { nullValue: 0 } }],
    ["wrappers bare and in parts", { name: "x" }, { name: { value: "x" } }],
    ["wrappers in parts", { name: { value: "x" } }, { name: { value: "x" } }],
    [
      "paths as text and in parts",
      { mask: "user.displayName,a" },
      { mask: { paths: ["user.display_name", "a"] } },
    ],
    ["paths in parts", { mask: { paths: ["a_b"] } }, { mask: { paths: ["a_b"] } }],
    ["an Any without a message", { any: {} }, { any: { typeUrl: "", value: new Uint8Array(0) } }],
    [
      "an Any in parts",
      { any: { type_url: "x/y", value: "AQ==" } },
      { any: { typeUrl: "x/y", value: new Uint8Array([1]) } },
    ],
    [
      "words that objects inherit",
      { labels: { constructor: "c", toString: "t" }, options: { constructor: 1 } },
      {
        labels: { constructor: "c", toString: "t" },
        options: { fields: { constructor: { numberValue: 1 } } },
      },
    ],
  ])("%s", (_what, json, init) => {
    expect(read(json)).toEqual(Order.create(init as never));
  });

  test("a field of the name of something inherited is absent when it is not there", () => {
    const Odd: Loose = defineMessage(file, "Odd", () => ({
      constructor: { number: 1, type: "string" } as const,
    }));
    expect(read({}, Odd)).toEqual({ constructor: "" });
    expect(read({ constructor: "x" }, Odd)).toEqual({ constructor: "x" });
  });

  test.each<[string, unknown, string]>([
    ["an unknown field", { nope: 1 }, "shop.Order: nope: unknown field of shop.Order"],
    ["an unknown field inside", { items: [{}, { nope: 1 }] }, "items.1.nope: unknown field of shop.Item"],
    [
      "a field under both names",
      { orderId: 1, order_id: 1 },
      "'order_id' and 'orderId' are one field, given twice",
    ],
    ["two of a oneof", { card: "x", cash_paid: true }, "cash_paid: 'card' is set already"],
    ["a wrong type", { count: true }, "count: must be a number, not true"],
    ["a text for a flag", { cashPaid: "true" }, 'cashPaid: must be a boolean, not "true"'],
    ["a fraction", { count: 1.5 }, "count: must be a whole number"],
    ["a fraction as text", { orderId: "1.5" }, 'orderId: must be a whole number, not "1.5"'],
    ["a number out of range", { count: -1 }, "count: must be a whole number from 0"],
    ["a number beyond all digits", { orderId: "1e999999999" }, "orderId: must be a whole number"],
    ["an integer that lost digits", { orderId: 2 ** 60 }, "orderId: must be a bigint"],
    ["an integer that does not fit", { small: 2n ** 53n }, "small: 9007199254740992 does not fit a number"],
    ["blanks around a number", { count: " 5" }, 'count: must be a whole number, not " 5"'],
    ["hexadecimal", { ratio: "0x10" }, 'ratio: must be a number, not "0x10"'],
    ["a bigint beyond a double", { ratio: 10n ** 400n }, "ratio: is beyond a double"],
    ["an infinite number", { ratio: Number.POSITIVE_INFINITY }, "ratio: is beyond a double"],
    [
      "an enum's wrong name",
      { state: "OPENED" },
      'state: must be a shop.State (UNKNOWN, OPEN), not "OPENED"',
    ],
    ["a closed enum's wrong number", { grade: 9 }, "grade: must be a old.Grade (BEST), not 9"],
    ["half a character", { note: "\ud800" }, "note: is no well-formed text"],
    ["what is no base64", { rawData: "a b=" }, "rawData: must be bytes as base64"],
    ["base64 of a wrong length", { rawData: "AAAAA" }, "rawData: must be bytes as base64"],
    ["null in a list", { items: [null] }, "items.0: must not be null"],
    ["null in a map", { labels: { a: null } }, "labels.a: must not be null"],
    ["an object for a list", { items: {} }, "items: must be a list, not an object"],
    ["a list for a map", { labels: [] }, "labels: must be an object"],
    ["a list for a message", { parent: [] }, "parent: must be a shop.Order, not a list"],
    ["one key in two spellings", { byCode: { 7: 1, "07": 2 } }, "byCode.07: is given twice"],
    ["a key of another type", { flags: { yes: "x" } }, 'flags.yes: must be a boolean, not "yes"'],
    ["a day that is none", { placedAt: "2026-02-30T00:00:00Z" }, "placedAt: must be a time as"],
    ["a time without zone", { placedAt: "2026-02-20T00:00:00" }, "placedAt: must be a time as"],
    [
      "a time that zones put before year 1",
      { placedAt: "0001-01-01T00:00:00+01:00" },
      "placedAt: must be a time from",
    ],
    [
      "a time out of range in parts",
      { placedAt: { seconds: 10 ** 15 } },
      "placedAt: must be a time from year 1",
    ],
    ["a duration without unit", { timeLeft: "5" }, "timeLeft: must be a duration as 1.5s"],
    ["a duration of two signs", { timeLeft: { seconds: 1, nanos: -1 } }, "timeLeft: seconds 1 and nanos -1"],
    ["a mask in snake_case", { mask: "a_b" }, "mask: must have its paths in lowerCamelCase"],
    ["an Any without its type", { any: { sku: "x" } }, "any.sku: unknown field of google.protobuf.Any"],
    [
      "an Any of an unknown type",
      { any: { "@type": "x/nope.Nope" } },
      'any.@type: the type "x/nope.Nope" is unknown here',
    ],
    [
      "an Any where nothing reads protobuf",
      { any: { "@type": "x/shop.Item" } },
      "list @micro/codec-protobuf too",
    ],
    ["nothing at all", null, "shop.Order: must be a shop.Order, not null"],
  ])("but not %s", (_what, json, detail) => {
    const error = thrownBy(() => read(json));
    expect(error.code).toBe("BAD_REQUEST");
    expect(error.detail).toContain(detail);
  });

  test.each([
    '{"__proto__":{}}',
    '{"labels":{"__proto__":"x"}}',
    '{"options":{"a":{"__proto__":1}}}',
    '{"extra":{"__proto__":1}}',
  ])("and no polluting key: %s", (text) => {
    expect(thrownBy(() => read(JSON.parse(text))).detail).toContain("__proto__");
  });

  test.each([
    ["a fraction of zeros", { orderId: `0.${"0".repeat(400_000)}1` }, "orderId: must be a whole number"],
    ["zeros before a digit", { orderId: `1${"0".repeat(400_000)}1e0` }, "orderId: must be a whole number"],
    ["padding before a letter", { rawData: `${"=".repeat(400_000)}A` }, "rawData: must be bytes as base64"],
    ["a sign of many digits", { orderId: `-${"9".repeat(400_000)}` }, "orderId: must be a whole number"],
  ])("a long text takes time in proportion: %s", (_what, json, detail) => {
    const started = performance.now();
    expect(thrownBy(() => read(json)).detail).toContain(detail);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("a name in JSON that another field has in the .proto file is that of one field only", () => {
    const Swapped: Loose = defineMessage(file, "Swapped", () => ({
      a: { number: 1, type: "string", jsonName: "b" },
      b: { number: 2, type: "string", jsonName: "a" },
    }));
    for (const message of [
      { a: "1", b: "" },
      { a: "", b: "2" },
      { a: "1", b: "2" },
    ]) {
      expect(read(messageToJson(Swapped, message), Swapped)).toEqual(message);
    }
  });

  test("100 levels and no more", () => {
    const nested = (levels: number, key = "parent") => {
      let json: object = {};
      for (let level = 1; level < levels; level++) json = { [key]: json };
      return json;
    };
    expect(() => read(nested(100))).not.toThrow();
    expect(thrownBy(() => read(nested(101))).detail).toContain("nested deeper than 100");
    expect(thrownBy(() => read({ options: nested(200) })).detail).toContain("nested deeper than 100");
    expect(thrownBy(() => messageToJson(Order, nested(101))).detail).toContain("nested deeper than 100");
  });
});
