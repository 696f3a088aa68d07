import { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { messageFromJson, messageToJson } from "@micro/codec";
import { messageCodec } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import { FileDescriptorProto, fileDescriptorOf } from "@micro/core/descriptor";
import { type AnyMessageType, descriptorOf } from "@micro/core/message";
import * as wkt from "@micro/core/wkt";
import { expect, test } from "vitest";
import { protobufCodec } from "./index.ts";
import { files, Item, Known, Legacy, type Loose, Tree } from "./testing/wide.ts";

const binary = messageCodec(await instantiate(protobufCodec));
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: files.map((file) =>
      fromBinary(FileDescriptorProtoSchema, binary.encode(fileDescriptorOf(file), FileDescriptorProto)),
    ),
  }),
);
const peer = registry.getMessage(Known.typeName) ?? expect.fail("the peer does not know the type");

const pack = (type: AnyMessageType, init: unknown) => ({
  typeUrl: `type.googleapis.com/${descriptorOf(type).typeName}`,
  value: binary.encode(init, type),
});

const ANYS: [string, AnyMessageType, unknown, unknown][] = [
  ["a message", Item, { sku: "a", count: 5 }, { sku: "a", count: 5 }],
  ["a message of an imported file", Legacy, { id: 1, grade: 2 }, { id: 1, grade: "GRADE_B" }],
  ["a duration", wkt.Duration, { seconds: 1n }, { value: "1s" }],
  ["a wrapper", wkt.Int64Value, { value: 5n }, { value: "5" }],
  ["null", wkt.Value, { nullValue: 0 }, { value: null }],
  ["a struct", wkt.Struct, { fields: { a: { boolValue: true } } }, { value: { a: true } }],
  [
    "an Any",
    wkt.Any,
    pack(Item, { sku: "b" }),
    { value: { "@type": "type.googleapis.com/wide.v1.Item", sku: "b" } },
  ],
];

test.each(ANYS)("an Any of %s is the same JSON here and there", (_what, type, init, json) => {
  const message = { any: pack(type, init) };
  const expected = { any: { "@type": message.any.typeUrl, ...(json as object) } };
  expect(messageToJson(Known, message, { binary })).toEqual(expected);
  expect(messageFromJson(Known, expected, { binary })).toEqual(Known.create(message));
  const bytes = binary.encode(message, Known);
  expect(toJson(peer, fromBinary(peer, bytes), { registry })).toEqual(expected);
  expect(Buffer.from(toBinary(peer, fromJson(peer, expected as never, { registry })))).toEqual(
    Buffer.from(bytes),
  );
});

test("an Any of nothing has 'value', as Go writes it; without one it is read too", () => {
  const message = { any: pack(wkt.Empty, {}) };
  const typed = { "@type": "type.googleapis.com/google.protobuf.Empty" };
  expect(messageToJson(Known, message, { binary })).toEqual({ any: { ...typed, value: {} } });
  for (const any of [typed, { ...typed, value: {} }]) {
    expect(messageFromJson(Known, { any }, { binary })).toEqual(Known.create(message));
  }
});

test.each<[string, unknown, string]>([
  [
    "a field its message has not",
    { "@type": "x/wide.v1.Item", nope: 1 },
    "any.nope: unknown field of wide.v1.Item",
  ],
  [
    "a special form beside its fields",
    { "@type": "x/google.protobuf.Duration", value: "1s", a: 1 },
    "any.a: an Any of google.protobuf.Duration has 'value' alone",
  ],
  ["a special form without it", { "@type": "x/google.protobuf.Duration" }, "any.value: is missing"],
  ["a type that is no text", { "@type": 5 }, "any.@type: must be the URL of a type, not 5"],
])("an Any with %s is refused", (_what, any, detail) => {
  expect(() => messageFromJson(Known, { any }, { binary })).toThrow(detail);
});

test("bytes that are none of the type, and Anys without end, are refused", () => {
  const broken = { any: { typeUrl: "x/wide.v1.Tree", value: new Uint8Array([0x0a, 5]) } };
  expect(() => messageToJson(Known, broken, { binary })).toThrow(
    "any.value: application/protobuf body: wide.v1.Tree: name",
  );
  let any = pack(Item, {});
  for (let level = 0; level < 120; level++) any = pack(wkt.Any, any);
  expect(() => messageToJson(Known, { any }, { binary })).toThrow("nested deeper than 100");
});

test("types of files that are not imported are unknown", () => {
  const Other: Loose = Tree;
  expect(messageToJson(wkt.Any as unknown as Loose, pack(wkt.Empty, {}), { binary })).toHaveProperty("@type");
  expect(() => messageToJson(wkt.Any as unknown as Loose, pack(Other, {}), { binary })).toThrow(
    "is unknown here",
  );
});
