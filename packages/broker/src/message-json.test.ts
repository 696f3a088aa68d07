import { Metadata, MicroError } from "@micro/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage, maxJsonBytes } from "./index.ts";

const limit = { maxBytes: 4096 };
const json = (text: string): Uint8Array => Buffer.from(text);
const read = (text: string) => decodeMessage(json(text), limit);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("the JSON of spec 5.1", () => {
  test("is written as Go writes it: keys in their canonical form, sorted", () => {
    const header = new Metadata({ "micro-topic": "my.topic", "foo-bar": "baz", ":topic": "x" });
    const bytes = encodeMessage({ header, body: Buffer.from('{"name":"ev"}\n') }, limit);
    expect(text(bytes)).toBe(
      '{"Header":{":topic":"x","Foo-Bar":"baz","Micro-Topic":"my.topic"},"Body":"eyJuYW1lIjoiZXYifQo="}',
    );
  });

  test("is read in any case of its keys, with others beside, null as empty", () => {
    const { header, body } = read('{"x":[1],"HEADER":{"Micro-ID":"7","n":null},"body":"aGk="}');
    expect([...header]).toEqual([
      ["micro-id", "7"],
      ["n", ""],
    ]);
    expect(text(body)).toBe("hi");
    for (const empty of ["{}", '{"Header":null,"Body":null}', '{"Header":{},"Body":""}']) {
      expect(read(empty)).toMatchObject({ header: new Metadata(), body: new Uint8Array(0) });
    }
  });

  test("may have line ends in its base64, as Go allows", () => {
    expect(text(read('{"Body":"aG\\r\\nk="}').body)).toBe("hi");
  });

  test("has keys that are nothing to JavaScript", () => {
    const { header } = read('{"__proto__":{"a":"b"},"Header":{"__proto__":"x","constructor":"y"}}');
    expect([...header]).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  test.each([
    ["", "JSON"],
    ["[]", "no object"],
    ["null", "no object"],
    ['"text"', "no object"],
    ['{"Header":[]}', "'Header' is no object"],
    ['{"Header":"x"}', "'Header' is no object"],
    ['{"Header":{"a":1}}', 'header "a" is no text'],
    ['{"Body":1}', "'Body' is no text"],
    ['{"Body":"a"}', "no base64"],
    ['{"Body":"aGk"}', "no base64"],
    ['{"Body":"aG k="}', "no base64"],
    ['{"Body":"aG!k"}', "no base64"],
    ['{"Body":"a_-k"}', "no base64"],
    ['{"Body":"aGk=aGk="}', "no base64"],
    ['{"Body":"===="}', "no base64"],
    ['{"Body":"="}', "no base64"],
  ])("%s is refused", (bad, why) => {
    expect(() => read(bad)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
    expect(() => read(bad)).toThrow(why);
  });

  test("bytes that are no UTF-8 are refused", () => {
    expect(() => decodeMessage(Buffer.from([0x7b, 0xff, 0x7d]), limit)).toThrow(/spec 5\.1/);
  });
});

describe("max_message_size", () => {
  const tooLarge = expect.objectContaining({
    code: "RESOURCE_EXHAUSTED",
    detail: expect.stringContaining("'max_message_size'"),
  });
  const sized = (size: number) => ({ header: new Metadata(), body: new Uint8Array(size) });

  test("counts body and header, both ways", () => {
    const bytes = encodeMessage(sized(4096), limit);
    expect(bytes.byteLength).toBeLessThanOrEqual(maxJsonBytes(limit));
    expect(decodeMessage(bytes, limit).body.byteLength).toBe(4096);
    expect(() => encodeMessage(sized(4097), limit)).toThrow(tooLarge);
    const header = new Metadata({ key: "v" });
    expect(() => encodeMessage({ header, body: new Uint8Array(4093) }, limit)).toThrow(tooLarge);
    expect(() => decodeMessage(encodeMessage(sized(5000), { maxBytes: 5000 }), limit)).toThrow(tooLarge);
  });

  test("bounds what is parsed at all", () => {
    const bytes = Buffer.alloc(maxJsonBytes(limit) + 1, " ");
    expect(() => decodeMessage(bytes, limit)).toThrow(tooLarge);
  });

  test("is 1,000 headers, both ways: half a million of them would hold up the process for minutes", () => {
    const pairs = Array.from({ length: 1001 }, (_, at) => [`k${at}`, ""] as const);
    const sent = { header: new Metadata(pairs), body: new Uint8Array(0) };
    const refused = { code: "RESOURCE_EXHAUSTED", detail: expect.stringContaining("1001 headers") };
    const large = { maxBytes: 1024 * 1024 };
    expect(() => encodeMessage(sent, large)).toThrow(expect.objectContaining(refused));
    const bytes = json(JSON.stringify({ Header: Object.fromEntries(pairs) }));
    expect(() => decodeMessage(bytes, large)).toThrow(expect.objectContaining(refused));
    const most = json(JSON.stringify({ Header: Object.fromEntries(pairs.slice(1)) }));
    expect(decodeMessage(most, large).header.size).toBe(1000);
    expect(text(encodeMessage(decodeMessage(most, large), large))).toContain("K1000");
  });

  test("holds for a header that JSON makes six times as long", () => {
    const maxBytes = 100_000;
    const header = new Metadata({ key: "\u0001".repeat(maxBytes - 3) });
    expect(() => encodeMessage({ header, body: new Uint8Array(0) }, { maxBytes })).toThrow(tooLarge);
  });
});

describe("whatever comes", () => {
  const checked = (bytes: Uint8Array): void => {
    try {
      const message = decodeMessage(bytes, limit);
      const again = decodeMessage(encodeMessage(message, limit), limit);
      // The header is written sorted.
      expect(new Map(again.header)).toEqual(new Map(message.header));
      expect(again.body).toEqual(message.body);
    } catch (error) {
      if (!MicroError.is(error)) throw error;
      expect(["BAD_REQUEST", "RESOURCE_EXHAUSTED"]).toContain(error.code);
    }
  };

  test("a message is read as it was written", () => {
    const message = fc.record({
      header: fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })),
      body: fc.uint8Array({ maxLength: 512 }),
    });
    fc.assert(
      fc.property(message, ({ header, body }) => {
        const sent = { header: new Metadata(header), body };
        const got = decodeMessage(encodeMessage(sent, { maxBytes: 1e6 }), { maxBytes: 1e6 });
        expect(new Map(got.header)).toEqual(new Map(sent.header));
        expect(Buffer.from(got.body).equals(body)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("random bytes and random JSON are read or refused", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), checked), { numRuns: 500 });
    fc.assert(
      fc.property(fc.json(), (value) => checked(json(value))),
      { numRuns: 300 },
    );
    const near = fc.record(
      {
        Header: fc.oneof(
          fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constant(null))),
          fc.jsonValue(),
        ),
        Body: fc.oneof(fc.base64String(), fc.string(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(near, (value) => checked(json(JSON.stringify(value)))),
      { numRuns: 500 },
    );
  });

  test("a message with bytes changed, cut or added is read or refused", () => {
    const header = new Metadata({ "content-type": "application/json", "micro-topic": "t" });
    const good = Buffer.from(encodeMessage({ header, body: Buffer.from("hello, world") }, limit));
    const change = fc.record({
      at: fc.nat(good.length - 1),
      cut: fc.nat(4),
      add: fc.uint8Array({ maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let bytes = good;
        for (const { at, cut, add } of changes) {
          bytes = Buffer.concat([bytes.subarray(0, at), add, bytes.subarray(at + cut)]);
        }
        checked(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
