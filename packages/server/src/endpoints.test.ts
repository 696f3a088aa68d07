import {
  bidiStream,
  defineContract,
  handle,
  implement,
  type StandardSchema,
  serverStream,
  subscribe,
  unary,
} from "@micro/core";
import { defineEnum, defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { expect, test } from "vitest";
import { describeEndpoints } from "./endpoints.ts";

/** A schema that says what it is, as those of zod and arktype do. */
function schemaOf(json: Readonly<Record<string, unknown>>): StandardSchema {
  const described = {
    version: 1,
    vendor: "test",
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => json, output: () => json },
  } as const;
  return { "~standard": described };
}

const string = { type: "string" };
const named = schemaOf({ type: "object", properties: { name: string } });
const input = schemaOf({
  type: "object",
  properties: {
    name: string,
    tags: { type: "array", items: string },
    deep: {
      type: "object",
      properties: { n: { type: "number" }, deeper: { type: "object", properties: { x: string } } },
    },
    by: { type: "object", additionalProperties: { type: "integer" } },
    maybe: { anyOf: [{ type: "boolean" }, { type: "null" }] },
    mood: { enum: ["GOOD", "BAD"] },
    open: {},
  },
});

test("handlers come by name, then subscribers by topic from the last, with what spec 3.1 says of each", () => {
  const contract = defineContract({
    name: "Greeter",
    service: "greeter",
    methods: {
      hello: unary({ input, description: "Greets" }),
      chat: bidiStream(),
      count: serverStream({ input: named }),
    },
  });
  const handlers = [
    ...implement(contract, { hello: () => ({}), async *chat() {}, async *count() {} }),
    ...handle("Alone.Text", () => "", { output: schemaOf(string) }),
  ];
  const subscribers = [
    subscribe("a.first", () => undefined),
    subscribe("b.second", () => undefined, { name: "Audit.Seen" }),
  ];
  expect(describeEndpoints(handlers, subscribers)).toEqual([
    {
      name: "Alone.Text",
      request: { name: "TextRequest", type: "TextRequest", values: null },
      response: { name: "TextResponse", type: "string", values: null },
      metadata: {},
    },
    {
      name: "Greeter.Chat",
      request: { name: "Context", type: "Context", values: null },
      response: { name: "Stream", type: "Stream", values: null },
      metadata: { stream: "true", kind: "bidiStream" },
    },
    {
      name: "Greeter.Count",
      request: {
        name: "CountRequest",
        type: "CountRequest",
        values: [{ name: "name", type: "string", values: null }],
      },
      response: { name: "Stream", type: "Stream", values: null },
      metadata: { stream: "true", kind: "serverStream" },
    },
    {
      name: "Greeter.Hello",
      request: {
        name: "HelloRequest",
        type: "HelloRequest",
        values: [
          { name: "name", type: "string", values: null },
          { name: "tags", type: "[]string", values: null },
          {
            name: "deep",
            type: "HelloRequestDeep",
            values: [
              { name: "n", type: "float64", values: null },
              // The third level is the last one.
              { name: "deeper", type: "HelloRequestDeepDeeper", values: null },
            ],
          },
          { name: "by", type: "map[string]int64", values: null },
          { name: "maybe", type: "bool", values: null },
          { name: "mood", type: "string", values: null },
          { name: "open", type: "interface", values: null },
        ],
      },
      response: { name: "HelloResponse", type: "HelloResponse", values: null },
      metadata: { description: "Greets" },
    },
    {
      name: "Audit.Seen",
      request: { name: "Message", type: "Message", values: null },
      response: null,
      metadata: { topic: "b.second", subscriber: "true" },
    },
    {
      name: "FirstHandler",
      request: { name: "Message", type: "Message", values: null },
      response: null,
      metadata: { topic: "a.first", subscriber: "true" },
    },
  ]);
});

test("message types have the names and types that Go shows of its generated structs", () => {
  const file = defineFile({ name: "shop.proto", package: "shop.v1" });
  const State = defineEnum(file, "State", { UNKNOWN: 0 });
  const Order: MessageType<Record<string, unknown>> = defineMessage(file, "Order", () => ({
    orderId: { number: 1, type: "sint64" },
    lines: { number: 2, type: Line, repeated: true },
    labels: { number: 3, type: "fixed32", map: "int32" },
    state: { number: 4, type: State },
    parent: { number: 5, type: Order },
    raw: { number: 6, type: "bytes" },
    ratio: { number: 7, type: "float", optional: true },
  }));
  const Line: MessageType<Record<string, unknown>> = defineMessage(file, "Order.Line", () => ({
    sku: { number: 1, type: "string" },
  }));
  const contract = defineContract({
    name: "Orders",
    service: "orders",
    file,
    methods: { place: unary({ input: Order, output: Line }) },
  });
  const [place, placed] = describeEndpoints(implement(contract, { place: () => ({}) }), [
    subscribe("orders.placed", () => undefined, { input: Line }),
  ]);
  const line = [{ name: "sku", type: "string", values: null }];
  const fields = (parent: unknown) => [
    { name: "order_id", type: "int64", values: null },
    { name: "lines", type: "[]Order_Line", values: parent === null ? null : line },
    { name: "labels", type: "map[int32]uint32", values: null },
    { name: "state", type: "State", values: null },
    { name: "parent", type: "Order", values: parent },
    { name: "raw", type: "[]uint8", values: null },
    { name: "ratio", type: "float32", values: null },
  ];
  expect(place?.request).toEqual({ name: "Order", type: "Order", values: fields(fields(null)) });
  expect(place?.response).toEqual({ name: "Order_Line", type: "Order_Line", values: line });
  expect(placed?.request).toEqual({ name: "Order_Line", type: "Order_Line", values: line });
});

test("a type without an end has one in the registry", () => {
  const endless = schemaOf({
    $ref: "#/$defs/Json",
    $defs: { Json: { type: "array", items: { $ref: "#/$defs/Json" } } },
  });
  const [endpoint] = describeEndpoints(
    handle("A.B", () => [], { input: endless }),
    [],
  );
  expect(endpoint?.request).toEqual({ name: "BRequest", type: "[][][]interface", values: null });
});
