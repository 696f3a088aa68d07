import { describe, expect, test } from "vitest";
import { bidiStream, clientStream, defineContract, serverStream, unary } from "../contract.ts";
import {
  descriptorFile,
  FieldJsType,
  FieldLabel,
  FieldType,
  FileDescriptorProto,
  fileDescriptorOf,
  IdempotencyLevel,
} from "./file-descriptor.ts";
import { defineEnum, defineFile, defineMessage, type MessageType } from "./index.ts";
import { Timestamp, timestampFile } from "./wkt.ts";

type Loose = MessageType<Record<string, unknown>>;

const file = defineFile({ name: "shop/shop.proto", package: "shop.v1", imports: [timestampFile] });
const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1, ALSO: 1 });
const Order: Loose = defineMessage(
  file,
  "Order",
  () => ({
    id: { number: 1, type: "int64", int64: "string" },
    lines: { number: 2, type: Line, repeated: true },
    by_code: { number: 3, type: Line, map: "uint32" },
    note: { number: 4, type: "string", optional: true },
    _note: { number: 5, type: "string" },
    card: { number: 6, type: "string", oneof: "payment" },
    cash: { number: 7, type: "bool", oneof: "payment" },
    sizes: { number: 8, type: "sint32", repeated: true, packed: false },
    placedAt: { number: 9, type: Timestamp, deprecated: true },
    state: { number: 10, type: State, name: "order_state", jsonName: "st" },
  }),
  { deprecated: true },
);
const Line: Loose = defineMessage(file, "Order.Line", () => ({ kind: { number: 1, type: Kind } }));
const Kind = defineEnum(file, "Order.Line.Kind", { NONE: 0 });

const { LABEL_OPTIONAL, LABEL_REPEATED, LABEL_REQUIRED } = FieldLabel;

describe("fileDescriptorOf", () => {
  test("describes a file of proto3 as protoc does", () => {
    const field = (name: string, number: number, rest: object) => ({
      name,
      number,
      label: LABEL_OPTIONAL,
      jsonName: name,
      ...rest,
    });
    const message = { type: FieldType.TYPE_MESSAGE };
    const string = { type: FieldType.TYPE_STRING };
    expect(fileDescriptorOf(file)).toEqual({
      name: "shop/shop.proto",
      package: "shop.v1",
      dependency: ["google/protobuf/timestamp.proto"],
      syntax: "proto3",
      service: [],
      enumType: [
        {
          name: "State",
          value: [
            { name: "UNKNOWN", number: 0 },
            { name: "OPEN", number: 1 },
            { name: "ALSO", number: 1 },
          ],
          options: { allowAlias: true },
        },
      ],
      messageType: [
        {
          name: "Order",
          options: { deprecated: true },
          oneofDecl: [{ name: "payment" }, { name: "X_note" }],
          enumType: [],
          field: [
            field("id", 1, { type: FieldType.TYPE_INT64, options: { jstype: FieldJsType.JS_STRING } }),
            field("lines", 2, { ...message, label: LABEL_REPEATED, typeName: ".shop.v1.Order.Line" }),
            field("by_code", 3, {
              ...message,
              label: LABEL_REPEATED,
              typeName: ".shop.v1.Order.ByCodeEntry",
              jsonName: "byCode",
            }),
            field("note", 4, { ...string, proto3Optional: true, oneofIndex: 1 }),
            field("_note", 5, { ...string, jsonName: "Note" }),
            field("card", 6, { ...string, oneofIndex: 0 }),
            field("cash", 7, { type: FieldType.TYPE_BOOL, oneofIndex: 0 }),
            field("sizes", 8, {
              type: FieldType.TYPE_SINT32,
              label: LABEL_REPEATED,
              options: { packed: false },
            }),
            field("placed_at", 9, {
              ...message,
              typeName: ".google.protobuf.Timestamp",
              jsonName: "placedAt",
              options: { deprecated: true },
            }),
            field("order_state", 10, {
              type: FieldType.TYPE_ENUM,
              typeName: ".shop.v1.State",
              jsonName: "st",
            }),
          ],
          nestedType: [
            {
              name: "Line",
              field: [field("kind", 1, { type: FieldType.TYPE_ENUM, typeName: ".shop.v1.Order.Line.Kind" })],
              nestedType: [],
              enumType: [{ name: "Kind", value: [{ name: "NONE", number: 0 }] }],
              oneofDecl: [],
            },
            {
              name: "ByCodeEntry",
              field: [
                field("key", 1, { type: FieldType.TYPE_UINT32 }),
                field("value", 2, { ...message, typeName: ".shop.v1.Order.Line" }),
              ],
              nestedType: [],
              enumType: [],
              oneofDecl: [],
              options: { mapEntry: true },
            },
          ],
        },
      ],
    });
  });

  test("describes labels, defaults and packing of proto2", () => {
    const old = defineFile({ name: "old.proto", syntax: "proto2" });
    const Grade = defineEnum(old, "Grade", { BEST: 1, NEXT: 2 });
    defineMessage(old, "Old", () => ({
      must: { number: 1, type: "bool", required: true, default: true },
      may: { number: 2, type: Grade, default: 2 },
      limit: { number: 3, type: "double", default: Number.NEGATIVE_INFINITY },
      packed: { number: 4, type: Grade, repeated: true, packed: true },
      loose: { number: 5, type: "int32", repeated: true },
      big: { number: 6, type: "uint64", default: 2n ** 64n - 1n },
    }));
    const { messageType, ...rest } = fileDescriptorOf(old);
    expect(rest).toEqual({ name: "old.proto", dependency: [], service: [], enumType: [expect.anything()] });
    expect(messageType[0]?.field).toMatchObject([
      { label: LABEL_REQUIRED, defaultValue: "true" },
      { label: LABEL_OPTIONAL, defaultValue: "NEXT" },
      { defaultValue: "-inf" },
      { label: LABEL_REPEATED, options: { packed: true } },
      { label: LABEL_REPEATED },
      { defaultValue: "18446744073709551615" },
    ]);
    expect(messageType[0]?.field[4]).not.toHaveProperty("options");
    expect(messageType[0]?.oneofDecl).toEqual([]);
  });

  test("describes the contracts of the file, and imports what they use", () => {
    const other = defineFile({ name: "other.proto", package: "other" });
    const Elsewhere: Loose = defineMessage(other, "Elsewhere", () => ({}));
    const contract = defineContract({
      name: "Orders",
      service: "orders",
      file,
      deprecated: true,
      methods: {
        place: unary({ input: Order, output: Elsewhere, idempotent: true }),
        watch: serverStream({ input: Order, output: Order, deprecated: true }),
        send: clientStream({ input: Order, output: Order, name: "SendAll" }),
        talk: bidiStream({ input: Order, output: Order }),
        free: unary<string, string>(),
      },
    });
    const stranger = defineContract({ name: "Stranger", service: "x", file: other, methods: {} });
    const { service, dependency } = fileDescriptorOf(file, [contract, stranger]);
    expect(dependency).toEqual(["google/protobuf/timestamp.proto", "other.proto"]);
    const both = { inputType: ".shop.v1.Order", outputType: ".shop.v1.Order" };
    expect(service).toEqual([
      {
        name: "Orders",
        options: { deprecated: true },
        method: [
          {
            name: "Place",
            inputType: ".shop.v1.Order",
            outputType: ".other.Elsewhere",
            options: { idempotencyLevel: IdempotencyLevel.IDEMPOTENT },
          },
          { name: "Watch", ...both, serverStreaming: true, options: { deprecated: true } },
          { name: "SendAll", ...both, clientStreaming: true },
          { name: "Talk", ...both, clientStreaming: true, serverStreaming: true },
        ],
      },
    ]);
  });

  test("describes itself", () => {
    const described = fileDescriptorOf(descriptorFile);
    expect(FileDescriptorProto.create(described)).toEqual(described);
    const field = described.messageType.find(({ name }) => name === "FieldDescriptorProto");
    expect(field?.enumType.map(({ name }) => name)).toEqual(["Type", "Label"]);
  });

  test("refuses a nested type without its parent", () => {
    const broken = defineFile({ name: "broken.proto" });
    defineMessage(broken, "No.Inner", () => ({}));
    expect(() => fileDescriptorOf(broken)).toThrow("'No.Inner' is nested in 'No', which is not defined");
  });
});
