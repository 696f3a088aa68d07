import { describe, expect, expectTypeOf, test } from "vitest";
import { defineContract, unary } from "../contract.ts";
import { type Handler, implement } from "../definition.ts";
import {
  defineEnum,
  defineFile,
  defineMessage,
  descriptorOf,
  type EnumValue,
  type MessageInit,
  type MessageType,
  type OneOf,
  type ProtoFile,
} from "./index.ts";
import { dateOf, durationOf, millisecondsOf, type Timestamp, timestampOf, Value } from "./wkt.ts";

const file = defineFile({ name: "shop.proto", package: "shop.v1" });

const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1, ALSO_OPEN: 1 });
type State = EnumValue<typeof State>;

interface Item {
  sku: string;
  count: number;
}
const Item: MessageType<Item> = defineMessage(file, "Item", () => ({
  sku: { number: 1, type: "string" },
  count: { number: 2, type: "int32" },
}));

type Order = {
  id: bigint;
  items: Item[];
  labels: { [key: string]: string };
  state: State;
  note?: string | undefined;
  parent?: Order | undefined;
  raw: Uint8Array;
  ratio: number;
  total: string;
  byNumber: { [key: string]: Item };
} & OneOf<{ card: string; cash: boolean }>;
const Order: MessageType<Order> = defineMessage(file, "Order", () => ({
  id: { number: 1, type: "int64" },
  items: { number: 2, type: Item, repeated: true },
  labels: { number: 3, type: "string", map: "string" },
  state: { number: 4, type: State },
  note: { number: 5, type: "string", optional: true },
  parent: { number: 6, type: Order },
  card: { number: 7, type: "string", oneof: "payment" },
  cash: { number: 8, type: "bool", oneof: "payment" },
  raw: { number: 9, type: "bytes" },
  ratio: { number: 10, type: "float" },
  total: { number: 11, type: "uint64", int64: "string" },
  byNumber: { number: 12, type: Item, map: "int32" },
}));

const empty = {
  id: 0n,
  items: [],
  labels: {},
  state: 0,
  raw: new Uint8Array(0),
  ratio: 0,
  total: "0",
  byNumber: {},
};

describe("a message type", () => {
  test("fills in defaults, and leaves out what has presence", () => {
    expect(Order.create()).toEqual(empty);
    expect(Object.keys(Order.create())).not.toContain("note");
  });

  test("copies deeply", () => {
    const init = { items: [{ sku: "a" }], raw: new Uint8Array([1]), labels: { x: "y" }, parent: { id: 5 } };
    const order = Order.create(init);
    expect(order.items).toEqual([{ sku: "a", count: 0 }]);
    expect(order.parent).toEqual({ ...empty, id: 5n });
    init.raw[0] = 9;
    init.labels.x = "z";
    expect([order.raw[0], order.labels]).toEqual([1, { x: "y" }]);
  });

  test.each<[string, unknown, string]>([
    ["a mistyped field", { nots: "" }, "nots: unknown field of shop.v1.Order: did you mean 'note'?"],
    ["a wrong type inside", { items: [{}, { count: "5" }] }, 'items.1.count: must be a number, not "5"'],
    ["a fraction", { items: [{ count: 1.5 }] }, "items.0.count: must be a whole number from -2147483648"],
    ["too large a number", { id: 2n ** 63n }, "id: must be from -9223372036854775808"],
    ["an unsafe number", { id: 2 ** 60 }, "id: must be a bigint, a whole number or its text (int64)"],
    ["a negative uint64", { total: -1n }, "total: must be from 0"],
    ["two of a oneof", { card: "x", cash: true }, "cash: 'card' is set already"],
    ["half a character", { note: "\ud800" }, "note: is no well-formed text"],
    ["half a character in a key", { labels: { "a\udc00": "" } }, "labels.a\uFFFD: is no well-formed text"],
    ["half a character in a name", { "\ud800": "" }, "\uFFFD: unknown field of shop.v1.Order"],
    [
      "what is none of many fields",
      { completely: 1 },
      "completely: unknown field of shop.v1.Order: it has id, items, labels, state, note, parent, card, cash, …",
    ],
    ["bytes as text", { raw: "abc" }, 'raw: must be a Uint8Array, not "abc"'],
    ["a list as map", { labels: [] }, "labels: must be an object"],
    ["an object as list", { items: {} }, "items: must be a list, not an object"],
    ["a message as text", { parent: "x" }, 'parent: must be a shop.v1.Order, not "x"'],
    ["a float beyond", { ratio: 1e39 }, "ratio: 1e+39 is beyond a float"],
    ["a float just beyond", { ratio: 3.4028236e38 }, "ratio: 3.4028236e+38 is beyond a float"],
    ["a prototype key", { labels: JSON.parse('{"__proto__":"x"}') as object }, "labels.__proto__: this key"],
    ["a map key that is no number", { byNumber: { "": {} } }, 'byNumber.: must be a number, not ""'],
    ["no object", "x", 'must be a shop.v1.Order, not "x"'],
  ])("refuses %s with its path", (_what, init, text) => {
    expect(() => Order.create(init as MessageInit<Order>)).toThrow(`shop.v1.Order: ${text}`);
    const result = Order["~standard"].validate(init);
    expect(result).toHaveProperty("issues");
  });

  test("takes the largest float as others write it", () => {
    for (const ratio of [3.4028234663852886e38, 3.4028235e38]) {
      expect(Order.create({ ratio }).ratio).toBe(3.4028234663852886e38);
    }
  });

  test("refuses nesting without end", () => {
    const loop: { parent?: unknown } = {};
    loop.parent = loop;
    expect(() => Order.create(loop as MessageInit<Order>)).toThrow("nested deeper than 100");
  });

  test("keeps the paths of errors short, however long names and nesting are", () => {
    const text = (init: object): string => {
      try {
        Order.create(init as MessageInit<Order>);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    const loop: { parent?: unknown } = {};
    loop.parent = loop;
    expect(text(loop)).toMatch(
      /^shop\.v1\.Order: parent\.parent\..* … .*\.parent: messages are nested deeper than 100$/,
    );
    for (const message of [text(loop), text({ ["k".repeat(100_000)]: 1 })]) {
      expect(message.length).toBeLessThan(500);
    }
  });

  test("takes values of classes with getters, and nothing from Object.prototype", () => {
    class Row {
      get sku() {
        return "from a getter";
      }
    }
    expect(Item.create(new Row())).toEqual({ sku: "from a getter", count: 0 });
    const Odd = defineMessage<{ constructor: string }>(file, "Odd", () => ({
      constructor: { number: 1, type: "string" } as const,
    }));
    expect(Odd.create({} as never)).toEqual({ constructor: "" });
  });

  test("describes itself, names derived as protoc derives them", () => {
    const { fields, typeName } = descriptorOf(Order);
    expect(typeName).toBe("shop.v1.Order");
    const byNumber = fields.find(({ key }) => key === "byNumber");
    expect([byNumber?.name, byNumber?.jsonName, byNumber?.shape]).toEqual(["by_number", "byNumber", "map"]);
    expect(file.messages).toContain(Order);
    expect(file.enums).toContain(State);
  });

  test("refuses definitions that cannot be", () => {
    const bad = (number: number) => defineMessage(file, "Bad", () => ({ a: { number, type: "string" } }));
    expect(() => bad(0).create()).toThrow("number 0 must be 1 to");
    const two = (a: object, b: object, own: ProtoFile = file) =>
      defineMessage(own, "Two", () => ({
        a: { number: 1, type: "string", ...a },
        b: { number: 2, type: "string", ...b },
      }));
    expect(() => two({}, { number: 1 }).create()).toThrow("fields 'a' and 'b' both have number 1");
    expect(() => two({}, { name: "a" }).create()).toThrow("fields 'a' and 'b' both have name 'a'");
    expect(() => two({ jsonName: "b" }, {}).create()).toThrow("fields 'a' and 'b' both have JSON name 'b'");
    expect(() => two({ jsonName: "__proto__" }, {}).create()).toThrow(
      "field 'a': no name may be '__proto__'",
    );
    const old = defineFile({ name: "old.proto", syntax: "proto2" });
    expect(two({ jsonName: "b" }, {}, old).create()).toEqual({});
  });
});

describe("a contract of message types", () => {
  const contract = defineContract({
    name: "Orders",
    service: "orders",
    file,
    methods: { place: unary({ input: Order, output: Item }) },
  });

  test("lets writers leave fields out, and gives readers complete messages", () => {
    type Place = Handler<typeof contract.methods.place>;
    expectTypeOf<Parameters<Place>[0]>().toEqualTypeOf<Order>();
    implement(contract, { place: ({ items }) => ({ sku: items[0]?.sku ?? "" }) });
    // @ts-expect-error there is no such field
    implement(contract, { place: () => ({ nothing: 1 }) });
    const both = { card: "", cash: true } as const;
    // @ts-expect-error only one of a oneof
    expect(() => Order.create(both)).toThrow("oneof 'payment'");
    const init: MessageInit<Order> = { id: 5, items: [{ sku: "x" }] as const };
    expect(Order.create(init).id).toBe(5n);
  });
});

describe("well-known types", () => {
  test("convert times, before 1970 too", () => {
    for (const text of ["2026-11-22T10:00:00.123Z", "1969-12-31T23:59:59.999Z"]) {
      const timestamp: Timestamp = timestampOf(new Date(text));
      expect(timestamp.nanos).toBeGreaterThanOrEqual(0);
      expect(dateOf(timestamp).toISOString()).toBe(text);
    }
  });

  test("convert durations, in parts that fit each other", () => {
    for (const [ms, seconds, nanos] of [
      [1500, 1n, 500_000_000],
      [-1.5, 0n, -1_500_000],
      [0, 0n, 0],
      [-0, 0n, 0],
      [999.9999999, 1n, 0],
      [-1999.9999999, -2n, 0],
    ] as const) {
      expect(durationOf(ms), String(ms)).toStrictEqual({ seconds, nanos });
    }
    expect(millisecondsOf(durationOf(-2500))).toBe(-2500);
    expect(() => durationOf(Number.NaN)).toThrow("durationOf: NaN is no number of milliseconds");
  });

  test("refer to each other", () => {
    const value = { structValue: { fields: { a: { listValue: { values: [{ numberValue: 1 }] } } } } };
    expect(Value.create(value)).toEqual(value);
  });
});
