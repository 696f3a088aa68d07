import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineContract, unary } from "../contract.ts";
import { defineEnum, defineFile, defineMessage, type MessageType } from "../message/index.ts";
import { Duration, Timestamp, Value } from "../message/wkt.ts";
import { contractJsonSchema } from "./contract-json-schema.ts";

const file = defineFile({ name: "shop.proto", package: "shop.v1" });
const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1 });
const Order: MessageType<Record<string, unknown>> = defineMessage(
  file,
  "Order",
  () => ({
    orderId: { number: 1, type: "int64" },
    small: { number: 2, type: "int32" },
    raw: { number: 3, type: "bytes" },
    ratio: { number: 4, type: "double" },
    labels: { number: 5, type: "string", map: "int32" },
    state: { number: 6, type: State },
    lines: { number: 7, type: Order, repeated: true, description: "Parts of it." },
    card: { number: 8, type: "string", oneof: "payment" },
    cash: { number: 9, type: "bool", oneof: "payment", deprecated: true },
    at: { number: 10, type: Timestamp },
    lasts: { number: 11, type: Duration },
    extra: { number: 12, type: Value },
  }),
  { description: "What somebody wants." },
);

const contract = defineContract({
  name: "Orders",
  service: "orders",
  description: "Takes orders.",
  file,
  methods: {
    place: unary({ input: Order, output: z.object({ id: z.string().min(3), next: z.url().optional() }) }),
    open: unary(),
  },
});
const schema = contractJsonSchema(contract);
const defs = schema.$defs as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Whether zod's own reader of JSON Schema, an independent one, takes a value for `$defs[name]`. */
function accepts(name: string, value: unknown): boolean {
  const { $defs, $schema } = schema;
  // It has no `not` of this form; the definition without it is checked by eye below.
  const simple = JSON.parse(JSON.stringify({ $schema, $ref: `#/$defs/${name}`, $defs }), (key, entry) =>
    key === "not" ? undefined : (entry as unknown),
  ) as Parameters<typeof z.fromJSONSchema>[0];
  return z.fromJSONSchema(simple).safeParse(value).success;
}

describe("the JSON Schema of a contract", () => {
  test("has each request and reply, and the types with a name", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "shop.v1.Orders",
      description: "Takes orders.",
    });
    expect(Object.keys(defs)).toEqual([
      "Orders.Place.request",
      "Orders.Place.reply",
      "Orders.Open.request",
      "Orders.Open.reply",
      "shop.v1.Order",
      "shop.v1.State",
      "google.protobuf.Timestamp",
      "google.protobuf.Duration",
      "google.protobuf.Value",
      "google.protobuf.NullValue",
      "google.protobuf.Struct",
      "google.protobuf.ListValue",
      "PlaceResponse",
    ]);
    expect(defs["Orders.Place.request"]).toEqual({ $ref: "#/$defs/shop.v1.Order" });
    expect(defs["Orders.Open.request"]).toEqual({});
    expect(defs["shop.v1.Order"]).toMatchObject({
      description: "What somebody wants.",
      additionalProperties: false,
      not: { anyOf: [{ required: ["card", "cash"] }] },
      properties: { lines: { description: "Parts of it." }, cash: { deprecated: true } },
    });
  });

  test.each<[string, unknown]>([
    ["nothing", {}],
    ["64 bits as text", { orderId: "-9223372036854775808" }],
    ["64 bits as a number", { orderId: 5 }],
    ["a name and a number of an enum", { state: "OPEN", lines: [{ state: 7 }] }],
    ["what no number is", { ratio: "NaN" }],
    ["keys that are numbers", { labels: { "-5": "x" } }],
    ["special forms", { at: "2026-11-22T10:00:00Z", lasts: "1.5s", extra: [{ any: null }] }],
  ])("proto3 JSON: takes %s", (_what, value) => {
    expect(accepts("Orders.Place.request", value)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["an unknown field", { nots: 1 }],
    ["a name of the .proto file", { order_id: "1" }],
    ["a text that is no number", { orderId: "x" }],
    ["an unknown name of an enum", { state: "SHUT" }],
    ["a number beyond 32 bits", { small: 2 ** 31 }],
    ["a key that is no number", { labels: { x: "x" } }],
    ["the fields of a duration", { lasts: { seconds: 1 } }],
    ["something wrong inside", { lines: [{ lines: [{ small: "5" }] }] }],
  ])("proto3 JSON: refuses %s", (_what, value) => {
    expect(accepts("Orders.Place.request", value)).toBe(false);
  });

  test("of other schemas: the constraints they say", () => {
    expect(accepts("Orders.Place.reply", { id: "abc", next: "https://example.org" })).toBe(true);
    expect(accepts("Orders.Place.reply", { id: "ab" })).toBe(false);
    expect(accepts("Orders.Place.reply", {})).toBe(false);
    // What later versions add to a reply must not make it wrong.
    expect(accepts("Orders.Place.reply", { id: "abc", later: 1 })).toBe(true);
  });

  test("references inside parts that have no shape of their own lead somewhere", () => {
    const Item = z.object({ sku: z.string() }).meta({ id: "Item" });
    const pairs = contractJsonSchema(
      defineContract({
        name: "A",
        service: "a",
        methods: { pair: unary({ input: z.object({ pair: z.tuple([Item, Item]) }) }) },
      }),
    );
    const references = [...JSON.stringify(pairs).matchAll(/"#\/\$defs\/([^"]+)"/g)].map(
      ([, name = ""]) => name,
    );
    expect(references).toContain("Item");
    for (const name of references) expect(pairs.$defs).toHaveProperty([name]);
  });
});
