import { messageCodec } from "@micro/codec/conformance";
import { MicroError } from "@micro/core";
import { instantiate, thrownBy } from "@micro/core/conformance";
import { defineFile, defineMessage } from "@micro/core/message";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { protobufCodec } from "./index.ts";
import { messages } from "./testing/random.ts";
import {
  Choice,
  Item,
  Legacy,
  Lists,
  type Loose,
  Maps,
  Optionals,
  Scalars,
  Tree,
  types,
  Unpacked,
} from "./testing/wide.ts";

const codec = messageCodec(await instantiate(protobufCodec));
const decode = (hex: string, type: Loose) => codec.decode(Buffer.from(hex, "hex"), type);

describe("what writers may do", () => {
  test("numbers of lists come one by one, in a block, or in several of both", () => {
    for (const [type, bytes] of [
      [Lists, "1a03010203"],
      [Lists, "180118021803"],
      [Unpacked, "1a03010203"],
      [Unpacked, "18011a01021803"],
      [Lists, "18011a0202031a00"],
    ] as const) {
      expect(decode(bytes, type), bytes).toMatchObject({ int32Field: [1, 2, 3] });
    }
  });

  test("a message that comes in pieces is put together; the last of anything else counts", () => {
    expect(decode("8a01030a0161" + "8a01021005", Scalars)).toMatchObject({ item: { sku: "a", count: 5 } });
    expect(decode("18011802", Scalars)).toMatchObject({ int32Field: 2 });
    expect(decode("12030a0161" + "12051a030a0162", Tree)).toMatchObject({
      child: { name: "a", children: [{ name: "b" }] },
    });
  });

  test("the last of a oneof counts, and a message of it is put together only with itself", () => {
    expect(decode("6801" + "1805", Choice)).toEqual({ int32Field: 5 });
    expect(decode("8a01030a0161" + "8a01021005", Choice)).toEqual({ item: { sku: "a", count: 5 } });
    expect(decode("8a01030a0161" + "6801" + "8a01021005", Choice)).toEqual({ item: { sku: "", count: 5 } });
  });

  test("entries of maps come without parts, with their parts turned around, with parts twice", () => {
    expect(decode("6200", Maps)).toMatchObject({ stringKey: { "": "" } });
    expect(decode("0a00", Maps)).toMatchObject({ int32Key: { 0: { sku: "", count: 0 } } });
    expect(decode("6206" + "120162" + "0a0161", Maps)).toMatchObject({ stringKey: { a: "b" } });
    expect(decode("0a0b" + "0801" + "12030a0161" + "12021005", Maps)).toMatchObject({
      int32Key: { 1: { sku: "a", count: 5 } },
    });
    expect(decode("6203" + "0a0161" + "6206" + "0a0161" + "120162", Maps)).toMatchObject({
      stringKey: { a: "b" },
    });
  });

  test("unknown fields of all kinds are skipped, groups inside groups too", () => {
    const unknown = [
      "f80701",
      `f907${"00".repeat(8)}`,
      "fa0703616263",
      `fd07${"00".repeat(4)}`,
      "fb07" + "0801" + "0b" + "1203616263" + "0c" + "fc07",
    ].join("");
    expect(decode(`${unknown}0a0161${unknown}`, Item)).toEqual({ sku: "a", count: 0 });
  });

  test("a field of another wire type is an unknown one", () => {
    expect(decode("0801" + "1201ff" + "1005", Item)).toEqual({ sku: "", count: 5 });
  });

  test("integers may be longer than they must be, and 32-bit ones may have 64 bits", () => {
    expect(decode("10" + "85808080808080808000", Item)).toMatchObject({ count: 5 });
    expect(decode("10" + "ffffffffffffffffff01", Item)).toMatchObject({ count: -1 });
    expect(decode("68" + "808080808080808001", Scalars)).toMatchObject({ boolField: true });
  });

  test("an enum of proto2 has its own numbers only, one of proto3 takes any", () => {
    const id = "800101";
    expect(decode(`${id}880102`, Legacy)).toMatchObject({ grade: 2 });
    expect(decode(`${id}880163`, Legacy)).not.toHaveProperty("grade");
    expect(decode(`${id}880102880163`, Legacy)).toMatchObject({ grade: 2 });
    expect(decode("800163", Scalars)).toMatchObject({ state: 99 });
    // In lists, blocks and maps too: what comes out can be written and read as JSON.
    expect(decode(`${id}900102900163`, Legacy)).toMatchObject({ grades: [2] });
    expect(decode(`${id}920103026302`, Legacy)).toMatchObject({ grades: [2, 2] });
    expect(decode(`${id}b2010408011002b2010408021063`, Legacy)).toMatchObject({ byGrade: { 1: 2 } });
  });

  test("texts of proto2 need not be UTF-8", () => {
    expect(decode("800101" + "7201ff", Legacy)).toMatchObject({ stringField: "\uFFFD" });
    expect(thrownBy(() => decode("7201ff", Scalars)).detail).toContain("stringField: is not UTF-8");
  });

  test("64-bit integers are exact to their ends, in the form that the field asks for", () => {
    const ends = {
      int64Field: -(2n ** 63n),
      uint64Field: 2n ** 64n - 1n,
      sint64Field: -(2n ** 63n),
      fixed64Field: 2n ** 64n - 1n,
      sfixed64Field: -(2n ** 63n),
      asString: "-9223372036854775808",
      asNumber: Number.MAX_SAFE_INTEGER,
    };
    expect(codec.decode(codec.encode(ends, Scalars), Scalars)).toMatchObject(ends);
    expect(thrownBy(() => decode("f87f" + "80808080808080" + "10", Scalars)).detail).toContain(
      "asNumber: 9007199254740992 does not fit a number: use bigint or string for this field",
    );
  });
});

describe("a message", () => {
  test("is complete, and its lists, maps and bytes are its own", () => {
    const [first, second] = [decode("", Lists), decode("", Lists)] as Record<string, unknown[]>[];
    first?.stringField?.push("x");
    expect(second).toEqual(Lists.create());
    expect(decode("", Optionals)).toEqual({});
  });

  test("has bytes of its own: no later change of the body reaches it", () => {
    const body = Buffer.from("7a03010203", "hex");
    const message = codec.decode(body, Scalars);
    body.fill(0);
    expect(message).toMatchObject({ bytesField: new Uint8Array([1, 2, 3]) });
  });

  test("has no polluting key of a map", () => {
    const key = Buffer.from("__proto__").toString("hex");
    const error = thrownBy(() => decode(`62${"0e"}0a09${key}120161`, Maps));
    expect(error.detail).toContain("stringKey.__proto__: this key is not allowed");
  });

  test("without what it must have is refused, however deep, once it is read whole", () => {
    expect(thrownBy(() => decode("", Legacy)).detail).toContain("id: is required");
    expect(thrownBy(() => decode("800101aa0100", Legacy)).detail).toContain("part.must: is required");
    expect(decode("800101" + "aa0100" + "aa01030a0161", Legacy)).toMatchObject({ part: { must: "a" } });
  });
});

describe("bytes that are none of a type", () => {
  test.each<[string, Loose, string, string]>([
    ["a text that ends early", Tree, "0a0561", "name: the bytes end inside a value (byte 2 of 3)"],
    ["a number that ends early", Item, "1080", "count: the bytes end inside a value"],
    ["a number without end", Scalars, `18${"80".repeat(11)}00`, "int32Field: invalid varint encoding"],
    ["a tag without end", Item, `${"80".repeat(11)}00`, "invalid tag encoding"],
    ["four bytes of eight", Scalars, "0900000000", "doubleField: the bytes end inside a value"],
    ["a message longer than its own", Tree, "120a0a0161", "child: announces 10 bytes where 3 are left"],
    [
      "a text longer than its message",
      Tree,
      "12030a0561" + "0a0161",
      "child.name: the bytes end inside a value",
    ],
    [
      "a field that reaches over its message's end",
      Tree,
      "12020a05" + "6162636465",
      "child.name: the bytes end",
    ],
    ["a block cut through a number", Lists, "1a0201800101", "int32Field.1: the bytes end inside a value"],
    ["a wrong entry of a list", Tree, "1a001a040a02c328", "children.1.name: is not UTF-8 (byte 8 of 8)"],
    ["a wrong entry of a map", Maps, "62060a0161" + "1201ff", "stringKey.a: is not UTF-8"],
    ["a field with number 0", Item, "0001", "field number 0"],
    ["an end of no group", Item, "0c", "invalid wire type 4"],
    ["an end of another group", Item, "fb07fc0f", "invalid end group tag"],
    ["a wire type that is none", Item, "0f", "invalid wire type 7"],
    ["a group without end", Item, "fb07", "the bytes end inside a value"],
  ])("%s", (_what, type, hex, detail) => {
    const error = thrownBy(() => decode(hex, type));
    expect(error.code).toBe("BAD_REQUEST");
    expect(error.detail).toContain(`application/protobuf body: ${type.typeName}: `);
    expect(error.detail).toContain(detail);
  });

  test("100 levels are read, one more is refused; so are groups without end", () => {
    const nested = (levels: number) => {
      let body = Buffer.alloc(0);
      for (let level = 1; level < levels; level++) {
        const length: number[] = [];
        for (let rest = body.length; ; rest >>>= 7) {
          length.push(rest > 127 ? (rest & 127) | 128 : rest);
          if (rest <= 127) break;
        }
        body = Buffer.concat([Buffer.from([0x12, ...length]), body]);
      }
      return body;
    };
    expect(() => codec.decode(nested(100), Tree)).not.toThrow();
    expect(thrownBy(() => codec.decode(nested(101), Tree)).detail).toContain("nested deeper than 100");
    expect(thrownBy(() => codec.decode(nested(20_000), Tree)).code).toBe("BAD_REQUEST");
    expect(thrownBy(() => codec.decode(Buffer.alloc(1_000_000, 0x0b), Item)).code).toBe("BAD_REQUEST");
  });

  test("4 GiB that are announced take no memory", () => {
    const lengths = ["ffffffff0f", "ffffffff07", "8080808008", "ffffffffffffffffff01"];
    const fields: [Loose, string][] = [
      [Item, "0a"],
      [Scalars, "7a"],
      [Tree, "12"],
      [Tree, "22"],
      [Lists, "1a"],
      [Lists, "12"],
      [Item, "fa07"],
    ];
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 50; round++) {
      for (const [type, tag] of fields) {
        for (const length of lengths) {
          expect(thrownBy(() => decode(`${tag}${length}616263`, type)).code).toBe("BAD_REQUEST");
        }
      }
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe("any bytes give a value or BAD_REQUEST, whatever the type:", () => {
  const tolerate = (bytes: Uint8Array, type: Loose) => {
    try {
      codec.decode(bytes, type);
    } catch (error) {
      expect(MicroError.is(error) && error.code, String(error)).toBe("BAD_REQUEST");
    }
  };

  test("random ones", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
        tolerate(bytes, type);
      }),
      { numRuns: 2000 },
    );
  });

  test("cut ones, ones with changed bytes, and ones with others put in", () => {
    const bodies = fc
      .constantFrom(...types)
      .chain((type) => messages(type, 2).map((init) => ({ type, bytes: codec.encode(init, type) })));
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        ({ type, bytes }, edits) => {
          if (bytes.length === 0) return;
          const changed = Uint8Array.from(bytes);
          for (const [at, value] of edits) {
            changed[at % changed.length] = value;
            tolerate(changed.subarray(0, at % (changed.length + 1)), type);
            const cut = at % changed.length;
            tolerate(
              Buffer.concat([changed.subarray(0, cut), Buffer.from([value, 255, 1]), changed.subarray(cut)]),
              type,
            );
          }
          tolerate(changed, type);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a value that is read is written and read again the same", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        let message: unknown;
        try {
          message = codec.decode(bytes, type);
        } catch {
          return;
        }
        expect(codec.decode(codec.encode(message, type), type)).toEqual(message);
      }),
      { numRuns: 1000 },
    );
  });

  test("fields named as what every object inherits are the message's own", () => {
    const file = defineFile({ name: "inherited.proto", package: "inherited" });
    const Inner: Loose = defineMessage(file, "Inner", () => ({ polluted: { number: 1, type: "string" } }));
    const Outer: Loose = defineMessage(file, "Outer", () => ({
      constructor: { number: 1, type: Inner } as const,
      toString: { number: 2, type: Inner, oneof: "one", name: "toString" } as const,
      valueOf: { number: 3, type: Inner, oneof: "one", name: "valueOf" } as const,
    }));
    for (const message of [
      { constructor: { polluted: "a" }, toString: { polluted: "b" } },
      { valueOf: { polluted: "c" } },
    ]) {
      const read = codec.decode(codec.encode(message, Outer), Outer) as object;
      expect(Object.entries(read)).toEqual(Object.entries(message));
    }
    for (const inherited of ["constructor", "toString", "valueOf"]) {
      expect(Reflect.get(Object.prototype, inherited)).not.toHaveProperty("polluted");
    }
  });

  test("a body full of small parts takes time in proportion", () => {
    const body = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < body.length; at += 2) body.set([0x1a, 0], at);
    const started = performance.now();
    expect((codec.decode(body, Tree) as { children: unknown[] }).children).toHaveLength(body.length / 2);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("a small body that would fill the memory is refused early", () => {
    const body = Buffer.alloc(4 * 1024 * 1024);
    for (let at = 0; at < body.length; at += 2) body.set([0x1a, 0], at);
    const error = thrownBy(() => codec.decode(body, Tree));
    expect(error.code).toBe("BAD_REQUEST");
    expect(error.detail).toMatch(/Tree: children\.666665: more than 2000000 .*codec\.protobuf_max_objects/);
  });

  test("protobuf_max_objects counts messages, lists, maps, entries and bytes of one body", async () => {
    // A Tree is a message, a list and a map; Lists is a message and seventeen lists.
    for (const [type, bytes, objects] of [
      [Tree, "1a00".repeat(3), 12],
      [Tree, "1200".repeat(3), 6],
      [Tree, "22030a0161" + "2200", 11],
      [Lists, "7a00" + "7a0161", 20],
      [Lists, "8a0100".repeat(2), 20],
      [Lists, "1a03010203" + "72017a", 18],
    ] as const) {
      const what = `${type.typeName} ${bytes}`;
      const body = Buffer.from(bytes, "hex");
      const bounded = async (protobufMaxObjects: number) =>
        messageCodec(await instantiate(protobufCodec, { config: { protobufMaxObjects } }));
      const enough = await bounded(objects);
      for (let round = 0; round < 2; round++)
        expect(enough.decode(body, type), what).toEqual(codec.decode(body, type));
      const less = await bounded(objects - 1);
      expect(thrownBy(() => less.decode(body, type)).detail, what).toContain("codec.protobuf_max_objects");
    }
  });
});
