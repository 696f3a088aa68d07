import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import type { CallContext } from "./call.ts";
import {
  bidiStream,
  clientStream,
  defineContract,
  type Method,
  serverStream,
  unary,
  unchecked,
} from "./contract.ts";
import { type Handler, handle, implement, subscribe } from "./definition.ts";

/** What callers give and get, as `ContractClient` takes it from a method. */
type Sent<M extends Method> =
  M extends Method<infer _K, infer _In, infer _Out, infer Init, infer _OutInit> ? Init : never;
type Got<M extends Method> =
  M extends Method<infer _K, infer _In, infer Out, infer _Init, infer _OutInit> ? Out : never;
/** What handlers get. */
type Request<M extends Method> = Parameters<Handler<M>>[0];

/** The same message in three libraries: a default, a transform, an optional field. */
const zodOrder = z.object({
  sku: z.string(),
  count: z.number().default(1),
  at: z.string().transform((text) => new Date(text)),
  note: z.string().optional(),
});
const valibotOrder = v.object({
  sku: v.string(),
  count: v.optional(v.number(), 1),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
  note: v.optional(v.string()),
});
const arkOrder = type({
  sku: "string",
  count: "number = 1",
  at: type("string").pipe((text) => new Date(text)),
  "note?": "string",
});

interface OrderSent {
  sku: string;
  count?: number | undefined;
  at: string;
  note?: string | undefined;
}
interface OrderRead {
  sku: string;
  count: number;
  at: Date;
  note?: string | undefined;
}

describe("types come from schemas, without type arguments", () => {
  const contract = defineContract({
    name: "Orders",
    service: "orders",
    methods: {
      zod: unary({ input: zodOrder, output: z.object({ id: z.number().default(7) }) }),
      valibot: unary({ input: valibotOrder, output: v.object({ id: v.optional(v.number(), 7) }) }),
      ark: unary({ input: arkOrder, output: type({ id: "number = 7" }) }),
      watch: serverStream({ input: z.object({ sku: z.string() }), output: valibotOrder }),
      upload: clientStream({ input: zodOrder, output: type({ stored: "number" }) }),
      chat: bidiStream({ input: zodOrder, output: zodOrder }),
    },
  });
  type Methods = typeof contract.methods;

  test("callers give what goes into the schema", () => {
    expectTypeOf<Sent<Methods["zod"]>>().branded.toEqualTypeOf<OrderSent>();
    expectTypeOf<Sent<Methods["valibot"]>>().branded.toEqualTypeOf<OrderSent>();
    expectTypeOf<Sent<Methods["ark"]>>().toExtend<OrderSent>();
    expectTypeOf<{ sku: string; at: string }>().toExtend<Sent<Methods["ark"]>>();
    expectTypeOf<Sent<Methods["upload"]>>().branded.toEqualTypeOf<OrderSent>();
    // @ts-expect-error the request of `watch` has a text
    expectTypeOf<{ sku: number }>().toExtend<Sent<Methods["watch"]>>();
  });

  test("handlers get what comes out of it", () => {
    expectTypeOf<Request<Methods["zod"]>>().branded.toEqualTypeOf<OrderRead>();
    expectTypeOf<Request<Methods["valibot"]>>().branded.toEqualTypeOf<OrderRead>();
    expectTypeOf<Request<Methods["ark"]>["at"]>().toEqualTypeOf<Date>();
    expectTypeOf<Request<Methods["ark"]>["count"]>().toEqualTypeOf<number>();
    expectTypeOf<Request<Methods["chat"]>>().branded.toEqualTypeOf<AsyncIterable<OrderRead>>();
  });

  test("handlers may leave out what the reply's schema fills in, and callers get it", () => {
    expectTypeOf<Got<Methods["zod"]>>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<Got<Methods["valibot"]>>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<Got<Methods["ark"]>>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<Got<Methods["watch"]>>().branded.toEqualTypeOf<OrderRead>();
    const handlers = implement(contract, {
      zod: ({ at }) => (at.getTime() > 0 ? {} : { id: 1 }),
      valibot: async () => ({}),
      ark: () => ({}),
      async *watch({ sku }) {
        yield { sku, at: "2026-11-22T00:00:00Z" };
      },
      async upload(orders) {
        let stored = 0;
        for await (const { count } of orders) stored += count;
        return { stored };
      },
      async *chat(orders) {
        for await (const { at, ...order } of orders) yield { ...order, at: at.toISOString() };
      },
    });
    expect(handlers.map(({ endpoint }) => endpoint)).toContain("Orders.Upload");
  });

  test("what does not fit does not compile", () => {
    const zod = defineContract({ name: "A", service: "a", methods: { zod: contract.methods.zod } });
    // @ts-expect-error the reply's id is a number
    implement(zod, { zod: () => ({ id: "7" }) });
    // @ts-expect-error the request has no such field
    implement(zod, { zod: ({ amount }) => ({ id: amount }) });
    const watch = defineContract({ name: "B", service: "b", methods: { watch: contract.methods.watch } });
    // @ts-expect-error a stream of replies, not one
    implement(watch, { watch: ({ sku }) => ({ sku, at: "" }) });
  });
});

describe("type arguments", () => {
  test("describe messages that nothing checks", () => {
    const hello = unary<{ name: string }, { text: string }>();
    expectTypeOf<Sent<typeof hello>>().toEqualTypeOf<{ name: string }>();
    expectTypeOf<Got<typeof hello>>().toEqualTypeOf<{ text: string }>();
  });

  test("and schemas together agree", () => {
    const named = z.object({ name: z.string() });
    const hello = unary<{ name: string }, { text: string }>({ input: named });
    expectTypeOf<Sent<typeof hello>>().toEqualTypeOf<{ name: string }>();
    // @ts-expect-error the schema gives something else
    unary<{ sku: number }, unknown>({ input: named });
    // @ts-expect-error callers give less than handlers get: the arguments alone would make them give a Date
    unary<OrderRead, unknown>({ input: zodOrder });
    const place = unary<OrderRead, { id: number }, OrderSent>({ input: zodOrder });
    expectTypeOf<Sent<typeof place>>().toEqualTypeOf<OrderSent>();
  });

  test("a type without a check stands beside a schema", () => {
    const place = unary({ input: zodOrder, output: unchecked<{ id: number }>() });
    expectTypeOf<Request<typeof place>>().branded.toEqualTypeOf<OrderRead>();
    expectTypeOf<Got<typeof place>>().toEqualTypeOf<{ id: number }>();
    expect(place.output).toBeUndefined();
  });

  test("a schema on one side leaves the other one open", () => {
    const place = unary({ input: zodOrder });
    expectTypeOf<Request<typeof place>>().branded.toEqualTypeOf<OrderRead>();
    expectTypeOf<Got<typeof place>>().toEqualTypeOf<unknown>();
  });
});

describe("without a contract", () => {
  test("handle takes its types from its function, or from schemas", () => {
    handle("Plain.Hello", ({ name }: { name: string }) => ({ text: name }));
    handle("Plain.Open", (request) => {
      expectTypeOf(request).toEqualTypeOf<unknown>();
      return request;
    });
    handle(
      "Plain.Checked",
      (request) => {
        expectTypeOf(request).branded.toEqualTypeOf<OrderRead>();
        return {};
      },
      { input: zodOrder, output: z.object({ id: z.number().default(1) }) },
    );
    // @ts-expect-error the reply does not fit its schema
    handle("Plain.Wrong", () => ({ id: "x" }), { output: z.object({ id: z.number() }) });
  });

  test("subscribe takes the type of its messages from its schema", () => {
    const seen = (message: OrderRead, _context: CallContext) => void message;
    for (const input of [zodOrder, valibotOrder] as const) subscribe("orders", seen, { input });
    subscribe(
      "orders",
      (message) => {
        expectTypeOf(message.at).toEqualTypeOf<Date>();
      },
      { input: arkOrder },
    );
  });
});
