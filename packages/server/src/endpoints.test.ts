import { bidiStream, defineContract, implement, type StandardSchema, subscribe, unary } from "@micro/core";
import { expect, test } from "vitest";
import { describeEndpoints } from "./endpoints.ts";

/** An object schema with the fields that valibot's has. */
const input = {
  type: "object",
  entries: {
    name: { type: "string" },
    tags: { type: "array", item: { type: "string" } },
    deep: { type: "optional", wrapped: { type: "object", entries: { n: { type: "number" } } } },
  },
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} satisfies StandardSchema & Record<string, unknown>;

test("handlers come by name, then subscribers by topic from the last, with what spec 3.1 says of each", () => {
  const contract = defineContract({
    name: "Greeter",
    service: "greeter",
    methods: { hello: unary({ input: input, description: "Greets" }), chat: bidiStream() },
  });
  const handlers = implement(contract, { hello: () => ({}), async *chat() {} });
  const subscribers = [
    subscribe("a.first", () => undefined),
    subscribe("b.second", () => undefined, { name: "Audit.Seen" }),
  ];
  expect(describeEndpoints(handlers, subscribers)).toEqual([
    {
      name: "Greeter.Chat",
      request: { name: "Context", type: "Context", values: null },
      response: { name: "Stream", type: "Stream", values: null },
      metadata: { stream: "true" },
    },
    {
      name: "Greeter.Hello",
      request: {
        name: "HelloRequest",
        type: "HelloRequest",
        values: [
          { name: "name", type: "string", values: null },
          { name: "tags", type: "[]string", values: null },
          { name: "deep", type: "object", values: [{ name: "n", type: "float64", values: null }] },
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
