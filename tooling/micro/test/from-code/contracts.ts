import { defineContract, defineService, implement, serverStream, unary } from "@micro/core";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";

const Item = z
  .object({ sku: z.string().describe("What it is."), count: z.int32().default(1) })
  .meta({ id: "Item", description: "One line of an order." });

/** What three libraries describe, for the tests of what is generated from it. */
export const orders = defineContract({
  name: "Orders",
  service: "shop.orders",
  description: "Takes orders.",
  methods: {
    place: unary({
      description: "Takes one order.",
      idempotent: true,
      input: z.strictObject({
        items: z.array(Item).default([]),
        state: z.enum(["OPEN", "SHUT"]),
        urgent: z.boolean(),
        total: z.number(),
        labels: z.record(z.string(), z.string()).optional(),
        at: z.iso.datetime().optional(),
        address: z.object({ street: z.string() }).optional(),
        orderId: z.string(),
        legacy_id: z.string().optional(),
        extra: z.record(z.string(), z.any()).optional(),
        either: z.union([z.string(), z.number()]).optional(),
      }),
      output: z.object({ orderId: z.string(), items: z.array(Item), placed: z.boolean() }),
    }),
    find: unary({
      input: v.object({ orderId: v.pipe(v.string(), v.minLength(3)) }),
      output: v.object({ orderId: v.string(), note: v.optional(v.string()) }),
    }),
    watch: serverStream({
      input: type({ orderId: "string", "limit?": "1 <= number.integer <= 100" }),
      output: type({ sequence: "number.integer", state: "'OPEN' | 'SHUT'" }),
    }),
  },
});

/** A definition brings its contracts with it. */
export const definition = defineService({
  name: "shop.orders",
  handlers: [
    implement(orders, {
      place: ({ orderId, items }) => ({ orderId, items, placed: true }),
      find: ({ orderId }) => ({ orderId }),
      async *watch({ limit = 1 }) {
        for (let sequence = 1; sequence <= limit; sequence++) yield { sequence, state: "OPEN" };
      },
    }),
  ],
});
