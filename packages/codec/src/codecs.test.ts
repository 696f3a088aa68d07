import { describe, expect, test } from "vitest";
import {
  type Codec,
  Codecs,
  type EnvelopeFormat,
  Frame,
  frameSchema,
  hasEnvelope,
  readUtf8,
} from "./index.ts";

const codec = (name: string, ...contentTypes: string[]): Codec => ({
  name,
  contentTypes,
  encode: () => new Uint8Array(0),
  decode: () => undefined,
});

describe("Codecs", () => {
  const codecs = new Codecs([codec("json", "application/json"), codec("two", "a/b", "c/d")]);

  test("finds by the exact content type", () => {
    expect(codecs.find("c/d")?.name).toBe("two");
    expect(codecs.find("application/json; charset=utf-8")).toBeUndefined();
    expect(codecs.contentTypes).toEqual(["application/json", "a/b", "c/d"]);
  });

  test("an unknown content type is an error that lists what there is", () => {
    expect(() => codecs.get("x/y")).toThrow(/'x\/y'.*application\/json, a\/b, c\/d/);
  });

  test("two codecs of one content type are refused", () => {
    expect(() => new Codecs([codec("one", "a/b"), codec("two", "a/b")])).toThrow(/'one' and 'two'/);
  });
});

describe("an envelope", () => {
  const format: EnvelopeFormat = {
    name: "wrapped",
    payloads: { "a/wrapped": "a/b" },
    wrap: (_envelope, payload) => payload,
    unwrap: (payload, kind) => ({ kind, method: "", id: "", error: "", payload }),
  };

  test("stands around another codec, wherever that is in the list", () => {
    const codecs = new Codecs([format, codec("one", "a/b")]);
    const found = codecs.get("a/wrapped");
    expect([found.name, hasEnvelope(found), hasEnvelope(codecs.get("a/b"))]).toEqual([
      "wrapped",
      true,
      false,
    ]);
  });

  test("needs a codec for what is inside", () => {
    expect(() => new Codecs([format])).toThrow("a/wrapped carries a/b, which no listed codec serves");
  });
});

describe("a frame", () => {
  const shout: Codec = {
    name: "shout",
    contentTypes: ["a/b"],
    encode: (value) => Buffer.from(String(value).toUpperCase()),
    decode: (bytes) => Buffer.from(bytes).toString(),
  };
  const format: EnvelopeFormat = {
    name: "wrapped",
    payloads: { "a/wrapped": "a/b" },
    wrap: (_envelope, payload) => payload,
    unwrap: (payload, kind) => ({ kind, method: "", id: "", error: "", payload }),
  };
  const codecs = new Codecs([shout, format]);
  const bytes = Buffer.from("as it is");

  test.each(["a/b", "a/wrapped"])("goes past the codec of %s in both directions, without a copy", (type) => {
    const codec = codecs.get(type);
    expect(codec.encode(new Frame(bytes))).toBe(bytes);
    expect((codec.decode(bytes, frameSchema) as Frame).bytes).toBe(bytes);
    expect(codec.decode(bytes)).toBe("as it is");
    expect(Buffer.from(codec.encode("as it is")).toString()).toBe("AS IT IS");
  });

  test("is known by its brand, so that two copies of this package understand each other", () => {
    const brand = Symbol.for("micro.frame");
    expect(Frame.is({ [brand]: true, bytes })).toBe(true);
    expect(codecs.get("a/b").decode(bytes, { ...frameSchema, [brand]: true } as never)).toBeInstanceOf(Frame);
    for (const value of [bytes, { bytes }, null, undefined, "text"]) expect(Frame.is(value)).toBe(false);
  });

  test("is what its schema asks for", () => {
    const { validate } = frameSchema["~standard"];
    const frame = new Frame(bytes);
    expect(validate(frame)).toEqual({ value: frame });
    expect(validate({ bytes })).toMatchObject({ issues: [{ message: "must be a Frame: new Frame(bytes)" }] });
  });
});

describe("readUtf8", () => {
  test("takes a replacement character that was meant", () => {
    expect(readUtf8(Buffer.from("a\uFFFDb"), "text/plain")).toBe("a\uFFFDb");
  });

  test("finds the first wrong byte behind characters of every length", () => {
    const body = Buffer.concat([Buffer.from("aü€😀\uFFFD"), Buffer.from([0xed, 0xa0, 0x80])]);
    expect(() => readUtf8(body, "text/plain")).toThrow("byte 13 of 16");
  });
});
