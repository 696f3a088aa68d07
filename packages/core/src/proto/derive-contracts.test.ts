import { type } from "arktype";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Contract, defineContract, serverStream, unary } from "../contract.ts";
import { FieldType, fileDescriptorOf } from "../message/file-descriptor.ts";
import { type AnyMessageType, descriptorOf, isMessageType } from "../message/index.ts";
import { Empty, StringValue } from "../message/wkt.ts";
import type { StandardSchema } from "../standard-schema.ts";
import { deriveContracts } from "./derive-contracts.ts";

const text = z.object({ text: z.string() });

function callOf(input: StandardSchema): Contract {
  return defineContract({ name: "Lab", service: "lab", methods: { call: unary({ input, output: text }) } });
}

function inputOf(contract: Contract | undefined): AnyMessageType {
  const input = contract?.methods.call?.input;
  if (!isMessageType(input)) throw new Error("no message type");
  return input;
}

test("a contract in TypeScript becomes what a .proto file would have made of it", () => {
  const Item = z.object({ sku: z.string(), count: z.int().min(1).max(99) }).meta({ title: "Item" });
  const contract = defineContract({
    name: "Orders",
    service: "shop-front",
    methods: {
      place: unary({
        input: z.object({
          items: z.array(Item),
          note: z.string().optional(),
          by: z.record(z.string(), Item),
          any: z.unknown(),
        }),
        output: text,
        idempotent: true,
      }),
      watch: serverStream({ input: type({ all: "boolean" }), output: Item }),
    },
  });
  const { contracts } = deriveContracts("shop-front", [contract]);
  const derived = contracts.get(contract);
  if (derived?.file === undefined) throw new Error("no file");
  expect(derived).toMatchObject({
    name: "Orders",
    service: "shop-front",
    methods: { place: { idempotent: true } },
  });
  const file = fileDescriptorOf(derived.file, [derived]);
  expect(file).toMatchObject({
    name: "shop_front.proto",
    package: "shop_front",
    dependency: ["google/protobuf/struct.proto"],
    syntax: "proto3",
    service: [
      {
        name: "Orders",
        method: [
          { name: "Place", inputType: ".shop_front.PlaceRequest", outputType: ".shop_front.PlaceResponse" },
          { name: "Watch", inputType: ".shop_front.WatchRequest", outputType: ".shop_front.Item" },
        ],
      },
    ],
  });
  const place = file.messageType.find(({ name }) => name === "PlaceRequest");
  expect(
    place?.field.map(({ name, number, type: kind, typeName }) => [name, number, kind, typeName]),
  ).toEqual([
    ["items", 1, FieldType.TYPE_MESSAGE, ".shop_front.Item"],
    ["note", 2, FieldType.TYPE_STRING, undefined],
    ["by", 3, FieldType.TYPE_MESSAGE, ".shop_front.PlaceRequest.ByEntry"],
    ["any", 4, FieldType.TYPE_MESSAGE, ".google.protobuf.Value"],
  ]);
});

test("properties are the names in JSON, whatever the fields are called", () => {
  const contract = callOf(
    z.object({ "odd-name": z.string(), snake_case: z.string(), camelCase: z.string() }),
  );
  const { contracts } = deriveContracts("lab", [contract]);
  const { fields } = descriptorOf(inputOf(contracts.get(contract)));
  expect(fields.map(({ key, name, jsonName }) => [key, name, jsonName])).toEqual([
    ["odd-name", "odd_name", "odd-name"],
    ["snake_case", "snake_case", "snake_case"],
    ["camelCase", "camelCase", "camelCase"],
  ]);
});

test("it is said what schemas want to see of fields that are absent", () => {
  const contract = callOf(
    z.object({
      list: z.array(z.string()),
      map: z.record(z.string(), z.string()),
      none: z.string().nullable(),
      text: z.string(),
      more: z.array(z.string()).optional(),
      maybe: z.string().nullish(),
    }),
  );
  const { contracts, whenAbsent } = deriveContracts("lab", [contract]);
  expect([...(whenAbsent.get(inputOf(contracts.get(contract))) ?? [])]).toEqual([
    ["list", "list"],
    ["map", "map"],
    ["none", "null"],
  ]);
});

test("several contracts share a file, and types of one name that differ keep apart", () => {
  const one = callOf(z.object({ item: z.object({ a: z.string() }).meta({ title: "Item" }) }));
  const other = {
    ...callOf(z.object({ item: z.object({ b: z.number() }).meta({ title: "Item" }) })),
    name: "Other",
  };
  const { contracts } = deriveContracts("lab", [one, other], { package: "lab.v1" });
  const [first, second] = [one, other].map((contract) => contracts.get(contract));
  expect(first?.file).toBe(second?.file);
  expect(first?.file?.messages.map(({ typeName }) => typeName)).toEqual([
    "lab.v1.CallRequest",
    "lab.v1.Item",
    "lab.v1.CallResponse",
    "lab.v1.OtherCallRequest",
    "lab.v1.OtherItem",
  ]);
  const itemOf = (contract: Contract | undefined) =>
    descriptorOf(descriptorOf(inputOf(contract)).fields[0]?.type as AnyMessageType).fields[0]?.key;
  expect([first, second].map(itemOf)).toEqual(["a", "b"]);
});

describe("methods", () => {
  const frame = Object.assign(z.unknown(), { [Symbol.for("micro.frame")]: true });

  test.each<readonly [string, Contract["methods"][string], boolean]>([
    ["without schemas", unary(), false],
    ["whose schemas say nothing", unary({ input: z.unknown(), output: z.any() }), false],
    ["with a reply that is described", unary({ output: text }), true],
    ["with a request that is described", unary({ input: text }), true],
    ["of message types", unary({ input: StringValue, output: Empty }), true],
    ["of a message type and what is described", unary({ input: StringValue, output: text }), true],
    ["of a message type and anything", unary({ input: StringValue }), false],
    ["of frames", unary({ input: frame, output: text }), false],
  ])("%s", (_what, method, known) => {
    const contract = defineContract({ name: "Lab", service: "lab", methods: { call: method } });
    const derived = deriveContracts("lab", [contract]).contracts.get(contract);
    expect(derived !== undefined).toBe(known);
    if (derived === undefined) return;
    const { input, output } = derived.methods.call ?? {};
    expect([input, output].every(isMessageType)).toBe(true);
    if (isMessageType(method.input)) expect(input).toBe(method.input);
    if (isMessageType(method.output)) expect(output).toBe(method.output);
  });
});

test("what no .proto can say is an error that names it", () => {
  const twins = callOf(z.object({ aB: z.string(), a_b: z.string() }));
  expect(() => deriveContracts("lab", [twins])).toThrow(
    /CallRequest: the fields 'aB' and 'a_b' have one name/,
  );
  expect(() => deriveContracts("1lab", [callOf(text)])).toThrow(/package '1lab': must be names/);
  // Nothing has to be said of what is not known.
  const unknown = defineContract({ name: "Lab", service: "1lab", methods: { call: unary() } });
  expect(deriveContracts("1lab", [unknown]).contracts.size).toBe(0);
});
