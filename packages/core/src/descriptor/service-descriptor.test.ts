import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { bidiStream, type Contract, defineContract, unary } from "../contract.ts";
import { handle, implement } from "../definition.ts";
import { defineEnum, defineFile, defineMessage, type MessageType } from "../message/index.ts";
import { Timestamp } from "../message/wkt.ts";
import type { StandardSchema } from "../standard-schema.ts";
import type { FieldDescription, NamedType, ServiceDescriptor } from "./describe-types.ts";
import { handlerDescriptors, schemaDescription, serviceDescriptor } from "./service-descriptor.ts";

const file = defineFile({ name: "shop.proto", package: "shop.v1" });
const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1 }, { description: "How it stands." });
const Order: MessageType<Record<string, unknown>> = defineMessage(
  file,
  "Order",
  () => ({
    orderId: { number: 1, type: "int64", description: "Who it is." },
    lines: { number: 2, type: Line, repeated: true },
    labels: { number: 3, type: "bool", map: "int32" },
    state: { number: 4, type: State },
    parent: { number: 5, type: Order },
    card: { number: 6, type: "string", oneof: "payment", deprecated: true },
    at: { number: 7, type: Timestamp },
  }),
  { description: "What somebody wants." },
);
const Line: MessageType<Record<string, unknown>> = defineMessage(file, "Order.Line", () => ({
  sku: { number: 1, type: "string", name: "stock_unit", jsonName: "unit" },
}));

function requestOf(schema: StandardSchema, side: "input" | "output" = "input") {
  const { type, types } = schemaDescription(schema, { name: "Request", side });
  return { type, types, fields: fieldsOf(types.Request) };
}

function fieldsOf(type: NamedType | undefined): Readonly<Record<string, FieldDescription>> {
  if (type?.kind !== "object") throw new Error(`no object: ${JSON.stringify(type)}`);
  return Object.fromEntries(type.fields.map((field) => [field.name, field]));
}

describe("a contract of message types", () => {
  const contract = defineContract({
    name: "Orders",
    service: "orders",
    description: "Takes orders.",
    file,
    methods: {
      place: unary({
        input: Order,
        output: Line,
        idempotent: true,
        description: "Takes one.",
        http: [{ method: "POST", path: "/v1/orders", body: "*" }],
      }),
      watch: bidiStream({ input: Line, name: "WatchAll", deprecated: true }),
    },
  });
  const descriptor = serviceDescriptor(contract);

  test("is plain data with everything that the definition says", () => {
    expect(JSON.parse(JSON.stringify(descriptor))).toEqual(descriptor);
    expect(descriptor).toMatchObject({
      name: "Orders",
      service: "orders",
      typeName: "shop.v1.Orders",
      description: "Takes orders.",
      deprecated: false,
      methods: [
        {
          key: "place",
          name: "Place",
          endpoint: "Orders.Place",
          kind: "unary",
          idempotent: true,
          description: "Takes one.",
          http: [{ method: "POST", path: "/v1/orders", body: "*" }],
          request: { kind: "named", name: "shop.v1.Order" },
          reply: { kind: "named", name: "shop.v1.Order.Line" },
        },
        {
          key: "watch",
          name: "WatchAll",
          endpoint: "Orders.WatchAll",
          kind: "bidiStream",
          deprecated: true,
          request: { kind: "named", name: "shop.v1.Order.Line" },
          reply: { kind: "unknown" },
        },
      ],
    });
  });

  test("describes fields exactly, types that refer to themselves among them", () => {
    expect(Object.keys(descriptor.types)).toEqual([
      "shop.v1.Order",
      "shop.v1.Order.Line",
      "shop.v1.State",
      "google.protobuf.Timestamp",
    ]);
    const order = descriptor.types["shop.v1.Order"];
    expect(order).toMatchObject({ shortName: "Order", description: "What somebody wants.", message: true });
    const fields = fieldsOf(order);
    expect(fields.orderId).toEqual({
      name: "orderId",
      type: { kind: "scalar", scalar: "int64" },
      required: false,
      deprecated: false,
      description: "Who it is.",
      proto: { name: "order_id", number: 1, property: "orderId", presence: "implicit" },
    });
    expect(fields.labels?.type).toEqual({
      kind: "map",
      key: "int32",
      of: { kind: "scalar", scalar: "bool" },
    });
    expect(fields.parent?.type).toEqual({ kind: "named", name: "shop.v1.Order" });
    expect(fields.card).toMatchObject({
      deprecated: true,
      proto: { oneof: "payment", presence: "explicit" },
    });
    expect(fieldsOf(descriptor.types["shop.v1.Order.Line"]).unit?.proto?.name).toBe("stock_unit");
    expect(descriptor.types["shop.v1.State"]).toMatchObject({
      kind: "enum",
      description: "How it stands.",
      values: [
        { name: "UNKNOWN", number: 0 },
        { name: "OPEN", number: 1 },
      ],
    });
  });
});

describe("schemas of other libraries", () => {
  /** The same object in three libraries. */
  const shared = {
    zod: z.object({
      name: z.string().min(1).describe("Who"),
      tags: z.array(z.string()),
      deep: z.object({ n: z.number() }).optional(),
      mood: z.enum(["GOOD", "BAD"]),
      maybe: z.string().nullable(),
    }),
    valibot: v.object({
      name: v.pipe(v.string(), v.minLength(1), v.description("Who")),
      tags: v.array(v.string()),
      deep: v.optional(v.object({ n: v.number() })),
      mood: v.picklist(["GOOD", "BAD"]),
      maybe: v.nullable(v.string()),
    }),
    "valibot with its converter": toStandardJsonSchema(
      v.object({
        name: v.pipe(v.string(), v.minLength(1), v.description("Who")),
        tags: v.array(v.string()),
        deep: v.optional(v.object({ n: v.number() })),
        mood: v.picklist(["GOOD", "BAD"]),
        maybe: v.nullable(v.string()),
      }),
    ),
    arktype: type({
      name: type("string > 0").describe("Who"),
      tags: "string[]",
      "deep?": { n: "number" },
      mood: "'GOOD' | 'BAD'",
      maybe: "string | null",
    }),
  } satisfies Record<string, StandardSchema>;

  test.each(Object.entries(shared))("%s: fields, nested objects, lists, choices, null", (library, schema) => {
    const { type: root, types, fields } = requestOf(schema as StandardSchema);
    expect(root).toEqual({ kind: "named", name: "Request" });
    expect(fields.name?.type).toMatchObject({
      kind: "scalar",
      scalar: "string",
      constraints: { minLength: 1 },
    });
    // arktype uses descriptions for its errors and does not put them into JSON Schema.
    if (library !== "arktype") expect(fields.name?.description).toBe("Who");
    expect(fields.tags?.type).toEqual({ kind: "list", of: { kind: "scalar", scalar: "string" } });
    expect([fields.name?.required, fields.deep?.required]).toEqual([true, false]);
    expect(fields.deep?.type).toEqual({ kind: "named", name: "RequestDeep" });
    expect(fieldsOf(types.RequestDeep).n?.type).toEqual({ kind: "scalar", scalar: "number" });
    const mood = fields.mood?.type;
    expect(mood?.kind === "choice" && new Set(mood.values)).toEqual(new Set(["BAD", "GOOD"]));
    const maybe = fields.maybe?.type;
    expect(maybe?.kind === "union" && maybe.of).toEqual(
      expect.arrayContaining([
        { kind: "scalar", scalar: "string" },
        { kind: "scalar", scalar: "null" },
      ]),
    );
  });

  const twoSided = {
    zod: z.object({ n: z.number().default(3), at: z.string().transform((text) => text.length) }),
    valibot: v.object({
      n: v.optional(v.number(), 3),
      at: v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
    }),
    arktype: type({ n: "number = 3", at: "string.numeric.parse" }),
  } satisfies Record<string, StandardSchema>;

  test.each(Object.entries(twoSided))(
    "%s: what goes in and what comes out are told apart",
    (_library, schema) => {
      const input = requestOf(schema as StandardSchema).fields;
      expect([input.n?.required, input.at?.type.kind]).toEqual([false, "scalar"]);
      const output = requestOf(schema as StandardSchema, "output").fields;
      expect(output.n?.required).toBe(true);
      expect(output.at?.type).not.toMatchObject({ scalar: "string" });
    },
  );

  interface Tree {
    name: string;
    kids: Tree[];
  }
  const zodTree: z.ZodType<Tree> = z.object({
    name: z.string(),
    get kids() {
      return z.array(zodTree);
    },
  });
  const valibotTree: v.GenericSchema<Tree> = v.object({
    name: v.string(),
    kids: v.array(v.lazy(() => valibotTree)),
  });
  const arkTree = type.module({ tree: { name: "string", kids: "tree[]" } }).tree;
  test.each<[string, StandardSchema]>([
    ["zod", zodTree],
    ["valibot", valibotTree],
    ["arktype", arkTree],
  ])("%s: a type that refers to itself has an end", (_library, schema) => {
    const { type: root, types } = requestOf(schema);
    const name = root.kind === "named" ? root.name : "";
    expect(fieldsOf(types[name]).kids?.type).toEqual({ kind: "list", of: { kind: "named", name } });
    expect(Object.keys(types)).toHaveLength(1);
  });

  test("a lazy schema that is new each time has an end too", () => {
    const endless = (): v.GenericSchema => v.object({ next: v.lazy(endless) });
    expect(Object.keys(requestOf(endless()).types).length).toBeLessThan(100);
  });

  test("names that schemas give themselves are kept, and the two sides of one are two types only if they differ", () => {
    const Item = z.object({ sku: z.string() }).meta({ id: "Item" });
    const Counted = z.object({ item: Item, count: z.number().default(1) }).meta({ id: "Counted" });
    const contract = defineContract({
      name: "Shop",
      service: "shop",
      methods: {
        get: unary({ input: Item, output: Counted }),
        put: unary({ input: Counted, output: Item }),
        list: unary({ output: z.object({ items: z.array(Item) }) }),
      },
    });
    const { types } = serviceDescriptor(contract);
    expect(Object.keys(types)).toEqual(["Item", "Counted", "CountedOutput", "ListResponse"]);
    expect(fieldsOf(types.CountedOutput).count?.required).toBe(true);
  });

  test("what no shape fits keeps its keywords; what JSON Schema has no word for is unknown", () => {
    const { fields } = requestOf(
      z.object({
        pair: z.tuple([z.string(), z.number()]),
        born: z.date(),
        any: z.any(),
        either: z.union([z.string(), z.number()]),
        all: z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
        by: z.record(z.string(), z.boolean()),
      }),
    );
    expect(fields.pair?.type).toMatchObject({ kind: "unknown", constraints: { type: "array" } });
    expect(fields.born?.type).toEqual({ kind: "unknown" });
    expect(fields.any?.type).toEqual({ kind: "unknown" });
    expect(fields.either?.type.kind).toBe("union");
    expect(fields.all?.type).toEqual({ kind: "named", name: "RequestAll" });
    expect(fields.by?.type).toEqual({
      kind: "map",
      key: "string",
      of: { kind: "scalar", scalar: "boolean" },
    });
  });

  test("a schema that does not tell, and one that fails to, are unknown", () => {
    const silent: StandardSchema = {
      "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) },
    };
    const failing = {
      "~standard": {
        ...silent["~standard"],
        jsonSchema: {
          input: () => {
            throw new Error("cannot");
          },
        },
      },
    };
    for (const schema of [silent, failing as StandardSchema]) {
      expect(requestOrUnknown(schema)).toEqual({ kind: "unknown" });
    }
  });
});

const requestOrUnknown = (schema: StandardSchema) => schemaDescription(schema, { name: "Request" }).type;

describe("handlers", () => {
  test("are described by contract, and without one by handler type", () => {
    const contract = defineContract({ name: "A", service: "a", methods: { one: unary(), two: unary() } });
    const handlers = [
      ...handle("Plain.Hello", () => ({}), { input: z.object({ name: z.string() }) }),
      ...implement(contract as Contract, { one: () => ({}), two: () => ({}) } as never),
      ...handle("Plain.Bye", () => ({})),
      ...handle("Other.X", () => ({})),
    ];
    const named = (descriptors: readonly ServiceDescriptor[]) =>
      descriptors.map(({ name, service, methods }) => [
        name,
        service,
        methods.map(({ endpoint }) => endpoint),
      ]);
    const found = handlerDescriptors(handlers);
    expect(named(found)).toEqual([
      ["Plain", "", ["Plain.Hello", "Plain.Bye"]],
      ["A", "a", ["A.One", "A.Two"]],
      ["Other", "", ["Other.X"]],
    ]);
    expect(found[0]?.methods[0]?.request).toEqual({ kind: "named", name: "HelloRequest" });
  });
});
