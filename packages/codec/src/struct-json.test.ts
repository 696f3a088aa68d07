import { MicroError } from "@micro/core";
import { defineEnum, defineFile, defineMessage } from "@micro/core/message";
import { Duration, durationFile, Struct, structFile, Timestamp, timestampFile } from "@micro/core/wkt";
import { expect, test } from "vitest";
import { type Codec, Codecs, type EnvelopeFormat, Frame, messageFromJson } from "./index.ts";
import { messageToStructJson } from "./struct-json.ts";

const file = defineFile({
  name: "sample.proto",
  package: "sample",
  imports: [durationFile, structFile, timestampFile],
});
const Colour = defineEnum(file, "Colour", { NONE: 0, DEEP_BLUE: 2 });
const Part = defineMessage(file, "Part", () => ({ partName: { number: 1, type: "string" } }));
const Sample = defineMessage(file, "Sample", () => ({
  plainName: { number: 1, type: "string" },
  bigNumber: { number: 2, type: "int64" },
  textNumber: { number: 3, type: "uint64", int64: "string" },
  mainColour: { number: 4, type: Colour },
  rawBytes: { number: 5, type: "bytes" },
  manyParts: { number: 6, type: Part, repeated: true },
  partsByName: { number: 7, type: Part, map: "string" },
  madeAt: { number: 8, type: Timestamp },
  tookLong: { number: 9, type: Duration },
  isSet: { number: 10, type: "bool", optional: true },
  ratio: { number: 11, type: "double" },
  more: { number: 12, type: Struct },
}));

const FULL = {
  plainName: "0",
  bigNumber: -9_007_199_254_740_993n,
  textNumber: "18446744073709551615",
  mainColour: Colour.DEEP_BLUE,
  rawBytes: new Uint8Array([0, 255]),
  manyParts: [{ partName: "a" }, {}],
  partsByName: { b: { partName: "c" } },
  madeAt: { seconds: 1n, nanos: 5 },
  tookLong: { seconds: -2n },
  isSet: false,
  ratio: Number.NaN,
  more: { fields: { a: { numberValue: 1 } } },
};
const JSON_OF_FULL = {
  plain_name: "0",
  big_number: -9_007_199_254_740_993n,
  text_number: 18_446_744_073_709_551_615n,
  main_colour: 2,
  raw_bytes: "AP8=",
  many_parts: [{ part_name: "a" }, {}],
  parts_by_name: { b: { part_name: "c" } },
  made_at: { seconds: 1n, nanos: 5 },
  took_long: { seconds: -2n },
  is_set: false,
  ratio: "NaN",
  more: { a: 1 },
};

test("is what Go's plain JSON has the generated struct, and is read again", () => {
  const json = messageToStructJson(Sample, FULL);
  expect(json).toEqual(JSON_OF_FULL);
  expect(messageFromJson(Sample, json)).toEqual(Sample.create(FULL));
});

test("leaves out what is zero", () => {
  const none = { plainName: "", rawBytes: new Uint8Array(0), manyParts: [], partsByName: {}, mainColour: 0 };
  const zero = { ...none, textNumber: "0", ratio: 0, bigNumber: 0n };
  expect(messageToStructJson(Sample, zero)).toEqual({});
  expect(messageToStructJson(Sample, { ratio: -0, mainColour: 0 })).toEqual({ ratio: -0 });
});

test("what does not fit is INTERNAL with the path", () => {
  const write = () => messageToStructJson(Sample, { manyParts: [{}, { partName: 1 }] });
  expect(write).toThrow(MicroError);
  expect(write).toThrow("sample.Sample: manyParts.1.partName: must be");
});

test("is the form in the content types of an envelope that say so, for message types alone", () => {
  const seen: unknown[] = [];
  const noted: Codec = {
    name: "noted",
    contentTypes: ["a/b"],
    typed: true,
    encode: (value, schema) => {
      seen.push([value, schema]);
      return new Uint8Array(0);
    },
    decode: () => undefined,
  };
  const format: EnvelopeFormat = {
    name: "wrapped",
    payloads: { "a/structs": "a/b", "a/proto3": "a/b" },
    structJson: ["a/structs"],
    wrap: (_envelope, payload) => payload,
    unwrap: (payload, kind) => ({ kind, method: "", id: "", error: "", payload }),
  };
  const codecs = new Codecs([noted, format]);
  codecs.get("a/structs").encode({ plainName: "a" }, Sample);
  codecs.get("a/structs").encode(undefined, Sample);
  codecs.get("a/structs").encode({ plainName: "a" });
  codecs.get("a/proto3").encode({ plainName: "a" }, Sample);
  expect(seen).toEqual([
    [{ plain_name: "a" }, undefined],
    [{}, undefined],
    [{ plainName: "a" }, undefined],
    [{ plainName: "a" }, Sample],
  ]);
  const bytes = new Uint8Array([1]);
  expect(codecs.get("a/structs").encode(new Frame(bytes), Sample)).toBe(bytes);
});
