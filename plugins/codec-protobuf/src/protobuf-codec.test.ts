import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { instantiate, thrownBy } from "@micro/core/conformance";
import { defineFile, defineMessage } from "@micro/core/message";
import { describe, expect, test } from "vitest";
import { protobufCodec } from "./index.ts";
import {
  Choice,
  Grade,
  Item,
  Legacy,
  Lists,
  type Loose,
  Maps,
  Optionals,
  Scalars,
  Tree,
} from "./testing/wide.ts";

const codec = messageCodec(await instantiate(protobufCodec));
const hex = (value: unknown, type: Loose) => Buffer.from(codec.encode(value, type)).toString("hex");

describe("conformance, without a type", () => {
  const cases = codecConformance({
    codec,
    samples: [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(70_000).fill(7)],
    invalid: [],
    unencodable: [{ a: 1 }, [], "text", 1, () => 1, new Map(), new Date(0)],
    empty: new Uint8Array(0),
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("conformance, with a type", () => {
  const sample = Tree.create({
    name: "root",
    child: { children: [{ name: "leaf" }], byName: { "": {}, constructor: { name: "c" } } },
    choice: { item: { sku: "a", count: -1 }, right: -5n },
  });
  const typed = {
    ...codec,
    encode: (value: unknown) => codec.encode(value, Tree),
    decode: (bytes: Uint8Array) => codec.decode(bytes, Tree),
  };
  const cases = codecConformance({
    codec: typed,
    samples: [sample, Tree.create(), Tree.create({ name: "ü".repeat(10_000) })],
    invalid: ["0a05", "0aff", "08", "00", "0a02ff", "0a01ff", "1c", "ffffffffffffffffffff01", "12020a05"].map(
      (bytes) => Buffer.from(bytes, "hex"),
    ),
    unencodable: [[], 1, "text", { nam: "x" }, { name: 1 }, () => 1],
    empty: Tree.create(),
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("the bytes of Go Micro (spec 1.5)", () => {
  const file = defineFile({ name: "debug.proto", package: "debug" });
  const Request: Loose = defineMessage(file, "Request", () => ({ service: { number: 1, type: "string" } }));
  const Response: Loose = defineMessage(file, "Response", () => ({
    timestamp: { number: 1, type: "uint64" },
    memory: { number: 4, type: "uint64" },
    requests: { number: 7, type: "uint64" },
  }));

  test.each([
    [Request, { service: "x" }, "0a0178"],
    [Response, { timestamp: 0n, memory: 5n, requests: 1_099_511_627_776n }, "200538808080808020"],
    [Response, { timestamp: 0n, memory: 0n, requests: 0n }, ""],
  ])("%o are written and read", (type, message, bytes) => {
    expect(hex(message, type)).toBe(bytes);
    expect(codec.decode(Buffer.from(bytes, "hex"), type)).toEqual(message);
  });
});

describe("encode", () => {
  test("takes what create takes: parts, numbers for bigint, undefined and null for nothing", () => {
    const init = {
      int64Field: 5,
      uint64Field: "18446744073709551615",
      asNumber: 7n,
      item: { count: 2, sku: undefined },
      stringField: null,
      bytesField: Buffer.from("hi"),
    };
    expect(hex(init, Scalars)).toBe(hex(Scalars.create(init as never), Scalars));
    expect(hex(undefined, Scalars)).toBe("");
    class Row {
      get sku() {
        return "from a getter";
      }
    }
    expect(codec.decode(codec.encode(new Row(), Item), Item)).toEqual({ sku: "from a getter", count: 0 });
  });

  test("leaves out defaults without presence, and only those", () => {
    expect(
      hex({ boolField: false, doubleField: 0, stringField: "", bytesField: new Uint8Array(0) }, Scalars),
    ).toBe("");
    expect(hex({ boolField: false, int64Field: 0n }, Optionals)).toBe("20006800");
    expect(hex({ doubleField: -0 }, Scalars)).toBe("090000000000000080");
    expect(codec.decode(Buffer.from("090000000000000080", "hex"), Scalars)).toHaveProperty("doubleField", -0);
    expect(hex({ item: {} }, Scalars)).toBe("8a0100");
    expect(hex({ boolField: false }, Choice)).toBe("6800");
  });

  test("writes fields in the order of their numbers, whatever order they are given in", () => {
    expect(hex({ count: 1, sku: "a" }, Item)).toBe("0a01611001");
  });

  test("writes entries of maps with both parts", () => {
    expect(hex({ boolKey: { true: { count: 1 }, false: {} } }, Maps)).toContain("0801");
    expect(hex({ stringKey: { "": "" } }, Maps)).toBe("62040a001200");
  });

  test.each<[Loose, unknown, string]>([
    [Tree, { chld: {} }, "wide.v1.Tree: chld: unknown field of wide.v1.Tree: did you mean 'child'?"],
    [
      Tree,
      { child: { children: [{}, { name: 5 }] } },
      "wide.v1.Tree: child.children.1.name: must be a text, not 5",
    ],
    [
      Tree,
      { byName: { a: { choice: { left: "x", right: 1 } } } },
      "byName.a.choice.right: 'left' is set already",
    ],
    [Lists, { int32Field: [1, 2.5] }, "int32Field.1: must be a whole number"],
    [Lists, { uint64Field: [-1n] }, "uint64Field.0: must be from 0"],
    [Lists, { stringField: "abc" }, 'stringField: must be a list, not "abc"'],
    [Lists, { stringField: ["\ud800"] }, "stringField.0: is no well-formed text"],
    [Maps, { int32Key: { x: {} } }, 'int32Key.x: must be a number, not "x"'],
    [
      Maps,
      { stringKey: JSON.parse('{"__proto__":"x"}') as object },
      "stringKey.__proto__: this key is not allowed",
    ],
    [Maps, { int32Key: { 1: { count: "x" } } }, 'int32Key.1.count: must be a number, not "x"'],
    [Legacy, {}, "id: is required"],
    [Legacy, { id: 1, part: {} }, "part.must: is required"],
    [Scalars, { constructor: 1 }, "constructor: unknown field"],
    [Scalars, { floatField: 1e300 }, "floatField: 1e+300 is beyond a float"],
  ])("%o refuses %o with its path", (type, value, detail) => {
    const error = thrownBy(() => codec.encode(value, type));
    expect(error.code).toBe("INTERNAL");
    expect(error.detail).toContain(detail);
  });

  test("refuses nesting without end, and works after an error", () => {
    const loop: { child?: unknown } = {};
    loop.child = loop;
    expect(thrownBy(() => codec.encode(loop, Tree)).detail).toMatch(/child\.child.*nested deeper than 100/);
    expect(hex({ name: "x" }, Tree)).toBe("0a0178");
  });

  test("is not confused by a getter that encodes", () => {
    const inner = { sku: "inner", count: 7 };
    const bytes: Uint8Array[] = [];
    const outer = {
      sku: "outer",
      get count() {
        bytes.push(codec.encode(inner, Item));
        return 8;
      },
    };
    expect(codec.decode(codec.encode(outer, Item), Item)).toEqual({ sku: "outer", count: 8 });
    expect(bytes.map((each) => codec.decode(each, Item))).toEqual([inner]);
  });

  test("says what to do without a type", () => {
    const error = thrownBy(() => codec.encode({ name: "x" }));
    expect([error.code, error.detail]).toEqual([
      "INTERNAL",
      expect.stringContaining("protobuf needs a message type: generate the contract") as string,
    ]);
  });
});

describe("without a type", () => {
  test("bytes go out and come in as they are (spec 1.5), and nothing is an empty body", () => {
    const frame = new Uint8Array([8, 1]);
    expect(codec.encode(frame)).toBe(frame);
    for (const nothing of [undefined, null, {}]) expect(codec.encode(nothing)).toHaveLength(0);
    expect(codec.decode(Buffer.from([8, 1]))).toEqual(frame);
  });
});

test("a size beyond the limit is refused with the option", async () => {
  const small = messageCodec(await instantiate(protobufCodec, { config: { protobufMaxSize: "4B" } }));
  expect(small.decode(Buffer.from("0a0178", "hex"), Item)).toEqual({ sku: "x", count: 0 });
  expect(thrownBy(() => small.decode(new Uint8Array(5), Item)).detail).toContain("codec.protobuf_max_size");
});

test("enums are numbers", () => {
  expect(codec.decode(codec.encode({ id: 1, grade: Grade.GRADE_B }, Legacy), Legacy)).toMatchObject({
    grade: 2,
  });
});
