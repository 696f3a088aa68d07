import type { Codec } from "@micro/codec";
import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { MicroError } from "@micro/core";
import { instantiate, thrownBy } from "@micro/core/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonCodec } from "./index.ts";

const bytes = (text: string) => Buffer.from(text);
const json = messageCodec(await instantiate(jsonCodec));
const text = (value: unknown, codec: Codec = json) => Buffer.from(codec.encode(value)).toString();

describe("conformance", () => {
  const cases = codecConformance({
    codec: json,
    samples: [
      null,
      true,
      0,
      -1.5e300,
      "",
      "grüße 😀 \u2028",
      [],
      {},
      { a: { b: [1, "2", null, { c: [] }] }, "": "empty key", "0": "number key", type: "Buffer" },
      "x".repeat(100_000),
      Array.from({ length: 3000 }, (_, id) => ({ id, name: `n${id}` })),
      { escapes: 'quote " slash \\ brackets {}[] <&>' },
    ],
    invalid: [bytes("{"), bytes("nope"), bytes("{} {}"), bytes('"\xff'), Buffer.from([0x22, 0xff, 0x22])],
    unencodable: [() => 1, Symbol("x")],
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("encode", () => {
  test("writes JSON and a newline, as Go does", () => {
    expect(text({ a: 1 })).toBe('{"a":1}\n');
    expect(text(null)).toBe("null\n");
  });

  test("never gives an empty body, which Go's client fails on", () => {
    expect(text(undefined)).toBe("{}\n");
  });

  test("writes bytes as standard base64 in any depth, empty ones too", () => {
    const value = {
      a: new Uint8Array([251, 255]),
      b: [Buffer.from("hi")],
      c: new Uint8Array(0),
      d: Buffer.alloc(0),
    };
    expect(text(value)).toBe('{"a":"+/8=","b":["aGk="],"c":"","d":""}\n');
    expect(text(new Uint8Array([1]))).toBe('"AQ=="\n');
    expect(text({ part: new Uint8Array([9, 8, 7]).subarray(1) })).toBe('{"part":"CAc="}\n');
    expect(text(new Uint8Array([1]).buffer)).toBe('"AQ=="\n');
  });

  test("writes a bigint as a bare number, exactly", () => {
    expect(text({ id: 1099511627776n, list: [-9007199254740993n], bytes: Buffer.from("hi") })).toBe(
      '{"id":1099511627776,"list":[-9007199254740993],"bytes":"aGk="}\n',
    );
  });

  test("writes a Map as an object, a Set and number arrays as lists", () => {
    expect(text({ m: new Map([["k", new Set([1, 2])]]), f: new Float64Array([1.5]) })).toBe(
      '{"m":{"k":[1,2]},"f":[1.5]}\n',
    );
  });

  test("keeps the toJSON of values, and looks into what it gives", () => {
    expect(text({ at: new Date(0), x: {} })).toBe('{"at":"1970-01-01T00:00:00.000Z","x":{}}\n');
    expect(text({ own: { toJSON: () => ({ raw: new Uint8Array([1]) }) }, x: {} })).toBe(
      '{"own":{"raw":"AQ=="},"x":{}}\n',
    );
  });

  test("names what it cannot carry", () => {
    const circle: Record<string, unknown> = { name: "a" };
    circle.self = circle;
    const error = thrownBy(() => json.encode(circle));
    expect(error.code).toBe("INTERNAL");
    expect(error.detail).toContain("circular");
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(thrownBy(() => json.encode(() => 1)).detail).toContain("a function");
  });

  test("passes on what a toJSON throws as the cause", () => {
    const own = new TypeError("no such thing");
    const thrower = {
      toJSON() {
        throw own;
      },
    };
    expect(thrownBy(() => json.encode(thrower)).cause).toBe(own);
  });
});

describe("decode", () => {
  test("takes whitespace around the value, and nothing but whitespace as empty", () => {
    expect(json.decode(bytes(' {"a":1} \n\n'))).toEqual({ a: 1 });
    expect(json.decode(bytes("\n"))).toBeUndefined();
  });

  test("refuses keys that pollute prototypes, written plainly or with escapes", () => {
    for (const body of [
      '{"__proto__":{"admin":true}}',
      '[{"a":{"__proto__":1}}]',
      '{"\\u005f_proto__":{}}',
      '{"__\\u0070roto__":{}}',
      '{"constructor":{"prototype":{}}}',
      '{"a":[{"\\u0063onstructor":{"\\u0070rototype":{}}}]}',
    ]) {
      expect(thrownBy(() => json.decode(bytes(body))).code, body).toBe("BAD_REQUEST");
    }
  });

  test("says where such a key is, of a long way its ends", () => {
    const body = '{"list":[{},{"a":{"constructor":{"prototype":{}}}}]}';
    expect(thrownBy(() => json.decode(bytes(body))).detail).toBe(
      "application/json body: list.1.a: the keys 'constructor.prototype' are not allowed",
    );
    const long = `{"${"k".repeat(100_000)}":{"last":{"__proto__":1}}}`;
    const { detail } = thrownBy(() => json.decode(bytes(long)));
    expect(detail.length).toBeLessThan(500);
    expect(detail).toContain("k.last: the key '__proto__' is not allowed");
  });

  test("looks for them in time that does not depend on how deep a value is", () => {
    const [depth, width] = [500, 200_000];
    const objects = Array.from({ length: width }, () => "{}").join();
    const flat = bytes(`["proto",${objects}]`);
    const deep = bytes(`${"[".repeat(depth)}"proto",${objects}${"]".repeat(depth)}`);
    // The best of a few: a busy machine interrupts some of them, not all.
    const time = (body: Uint8Array) => {
      const rounds = Array.from({ length: 3 }, () => {
        const started = performance.now();
        json.decode(body);
        return performance.now() - started;
      });
      return Math.min(...rounds);
    };
    // A look at every level for each value would take hundreds of times as long.
    expect(time(deep)).toBeLessThan(10 * time(flat) + 100);
  });

  test("takes those words where they do no harm", () => {
    for (const value of [
      { text: '"__proto__"', list: ["__proto__", "constructor", "prototype"] },
      { constructor: "prototype", prototype: { constructor: 1 } },
      { protocol: "http", escaped: "\u0001" },
    ]) {
      expect(json.decode(json.encode(value))).toEqual(value);
    }
  });

  test("says which byte is not UTF-8", () => {
    const body = Buffer.concat([bytes('{"ü":"\uFFFD'), Buffer.from([0xc3, 0x28]), bytes('"}')]);
    expect(thrownBy(() => json.decode(body)).detail).toBe(
      "application/json body: byte 10 of 14 is not UTF-8",
    );
  });

  test("says what is not JSON", () => {
    const error = thrownBy(() => json.decode(bytes('{"a":1,}')));
    expect(error.detail).toMatch(/^application\/json body: not JSON: .*position 7/);
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test("limits depth, exactly, and names the option", async () => {
    const codec = messageCodec(await instantiate(jsonCodec, { config: { jsonMaxDepth: 20 } }));
    const nested = (open: string, close: string, levels: number) =>
      bytes(open.repeat(levels) + (close === "}" ? "1" : "") + close.repeat(levels));
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      expect(() => codec.decode(nested(open, close, 20))).not.toThrow();
      expect(thrownBy(() => codec.decode(nested(open, close, 21))).detail).toContain("codec.json_max_depth");
    }
    expect(thrownBy(() => codec.decode(bytes("[".repeat(30)))).detail).toContain("at byte 20");
    const quoted = bytes(`["${'\\\\[{\\"'.repeat(50)}"]`);
    expect(() => codec.decode(quoted)).not.toThrow();
    expect(() =>
      codec.decode(json.encode(Array.from({ length: 100 }, () => [["{[".repeat(50)]]))),
    ).not.toThrow();
  });

  test("survives absurd depth", () => {
    expect(thrownBy(() => json.decode(bytes("[".repeat(1_000_000) + "]".repeat(1_000_000)))).code).toBe(
      "BAD_REQUEST",
    );
    expect(thrownBy(() => json.decode(bytes("[".repeat(1_000_000)))).code).toBe("BAD_REQUEST");
  });

  test("limits size and names the option", async () => {
    const codec = messageCodec(await instantiate(jsonCodec, { config: { jsonMaxSize: "10B" } }));
    expect(codec.decode(bytes("[1,2,3,4]"))).toEqual([1, 2, 3, 4]);
    expect(thrownBy(() => codec.decode(bytes("[1,2,3,4,5]"))).detail).toContain("codec.json_max_size");
  });

  test("keeps whole numbers exact when asked to", async () => {
    const codec = messageCodec(await instantiate(jsonCodec, { config: { jsonBigIntegers: "bigint" } }));
    const body = '{"id":9007199254740993,"small":1234,"float":1234567890123456.5,"big":1e300}';
    expect(codec.decode(bytes(body))).toEqual({
      id: 9007199254740993n,
      small: 1234,
      float: 1234567890123456.5,
      big: 1e300,
    });
    expect(text(codec.decode(bytes('{"id":9007199254740993}')))).toBe('{"id":9007199254740993}\n');
  });
});

describe("properties", () => {
  test("any JSON value comes back equal, and the bytes are what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = Buffer.from(json.encode(value));
        expect(encoded.toString()).toBe(`${JSON.stringify(value)}\n`);
        let expected: unknown;
        try {
          expected = json.decode(encoded);
        } catch (error) {
          expect(encoded.toString()).toContain("proto");
          expect(MicroError.is(error)).toBe(true);
          return;
        }
        expect(expected).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("bytes and bigints at any place are written as Go expects them", () => {
    const leaf = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.bigInt(), fc.string(), fc.integer());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        leaf,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("tree"), { maxKeys: 4 }),
      ),
    }));
    const plain = (value: unknown): string => {
      if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
      if (typeof value === "bigint") return value.toString();
      if (Array.isArray(value)) return `[${value.map(plain).join(",")}]`;
      if (typeof value !== "object" || value === null) return JSON.stringify(value);
      const entries = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${plain(entry)}`);
      return `{${entries.join(",")}}`;
    };
    fc.assert(
      fc.property(tree, (value) => {
        expect(text(value)).toBe(`${plain(value)}\n`);
      }),
    );
  });

  test("any bytes give a value or BAD_REQUEST", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        try {
          json.decode(body);
        } catch (error) {
          expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
        }
      }),
    );
  });

  test("no decoded object has a polluting key, however the text is written", () => {
    const key = fc.oneof(
      fc.constantFrom("__proto__", "constructor", "prototype", "a"),
      fc.constantFrom("\\u005f\\u005fproto__", "const\\u0072uctor", "\\u0070rototype"),
    );
    const { body } = fc.letrec<{ body: string }>((tie) => ({
      body: fc.oneof(
        { depthSize: "small" },
        fc.constant("1"),
        fc.array(tie("body"), { maxLength: 3 }).map((entries) => `[${entries.join(",")}]`),
        fc
          .array(fc.tuple(key, tie("body")), { maxLength: 3 })
          .map((entries) => `{${entries.map(([name, value]) => `"${name}":${value}`).join(",")}}`),
      ),
    }));
    const pollutes = (value: unknown): boolean =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).some(
        ([name, entry]) =>
          name === "__proto__" ||
          (name === "constructor" &&
            typeof entry === "object" &&
            entry !== null &&
            Object.hasOwn(entry, "prototype")) ||
          pollutes(entry),
      );
    fc.assert(
      fc.property(body, (written) => {
        let value: unknown;
        try {
          value = json.decode(bytes(written));
        } catch {
          expect(pollutes(JSON.parse(written))).toBe(true);
          return;
        }
        expect(pollutes(value)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
