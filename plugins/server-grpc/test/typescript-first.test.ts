import { frameSchema } from "@micro/codec";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import {
  bidiStream,
  clientStream,
  createService,
  defineContract,
  definePlugin,
  defineService,
  type HandlerBinding,
  handle,
  implement,
  type Method,
  nullLogger,
  serverStream,
  unary,
} from "@micro/core";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { StringValue } from "@micro/core/wkt";
import { frame } from "@micro/grpc/internal";
import { logger } from "@micro/logger";
import { memoryRegistry } from "@micro/registry-memory";
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { grpcServer } from "../src/index.ts";
import { ReflectedClient } from "./reflected-client.ts";
import { raw, statusOf, withServer } from "./world.ts";

type Handlers = readonly (HandlerBinding | readonly HandlerBinding[])[];

const STANDARD = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

/** Runs `body` with a client that learns everything from reflection. */
async function withClient(
  handlers: Handlers,
  body: (client: ReflectedClient, address: string) => Promise<void>,
): Promise<void> {
  await withServer(handlers, async ({ address }) => {
    const client = new ReflectedClient(address);
    try {
      await body(client, address);
    } finally {
      client.close();
    }
  });
}

/** A contract whose one method answers with what its handler saw, as JSON. */
function seen(input: z.ZodType) {
  const contract = defineContract({
    name: "Mirror",
    service: "lab",
    methods: { look: unary({ input, output: z.object({ json: z.string() }) }) },
  });
  return implement(contract, { look: (request) => ({ json: JSON.stringify(request) }) });
}

async function look(input: z.ZodType, request: object): Promise<unknown> {
  let found: unknown;
  await withClient([seen(input)], async (client) => {
    const [reply] = await client.call("lab.Mirror/Look", request);
    found = JSON.parse((reply as { json: string }).json);
  });
  return found;
}

type Hello = Method<"unary", { name: string; times?: number | undefined }, { text: string }>;
const libraries: Readonly<Record<string, Hello>> = {
  zod: unary({
    input: z.object({ name: z.string(), times: z.int().optional() }),
    output: z.object({ text: z.string() }),
  }),
  valibot: unary({
    input: toStandardJsonSchema(v.object({ name: v.string(), times: v.optional(v.number()) })),
    output: toStandardJsonSchema(v.object({ text: v.string() })),
  }),
  arktype: unary({ input: type({ name: "string", "times?": "number" }), output: type({ text: "string" }) }),
};

describe.each(Object.entries(libraries))("a contract of %s", (library, method) => {
  const contract = defineContract({ name: "Greeter", service: library, methods: { hello: method } });
  const greeter = implement(contract, {
    hello: ({ name, times = 1 }) => ({ text: `Hello ${name}`.repeat(times) }),
  });

  test("is called by a standard client that has nothing but the address", async () => {
    await withClient([greeter], async (client) => {
      expect(await client.services()).toEqual([`${library}.Greeter`, ...STANDARD]);
      const path = `${library}.Greeter/Hello`;
      expect(await client.call(path, { name: "Ada", times: 2 })).toEqual([{ text: "Hello AdaHello Ada" }]);
      await expect(client.call(path, { times: 2 })).rejects.toMatchObject({
        code: 3,
        details: expect.stringMatching(/request of Greeter\.Hello: name/),
      });
    });
  });
});

test("all four kinds of methods, and errors of handlers", async () => {
  const text = z.object({ text: z.string() });
  const number = z.object({ n: z.int() });
  const contract = defineContract({
    name: "Lab",
    service: "lab",
    methods: {
      count: serverStream({ input: number, output: number }),
      sum: clientStream({ input: number, output: number }),
      chat: bidiStream({ input: text, output: text }),
      fail: unary({ input: text, output: text }),
    },
  });
  const lab = implement(contract, {
    async *count({ n }) {
      for (let at = 0; at < n; at++) yield { n: at };
    },
    async sum(numbers) {
      let n = 0;
      for await (const one of numbers) n += one.n;
      return { n };
    },
    async *chat(texts) {
      for await (const one of texts) yield { text: one.text.toUpperCase() };
    },
    fail: () => ({ text: 1 as unknown as string }),
  });
  await withClient([lab], async (client) => {
    // Zero is what a number of proto3 has without being sent.
    expect(await client.call("lab.Lab/Count", { n: 3 })).toEqual([{}, { n: 1 }, { n: 2 }]);
    expect(await client.call("lab.Lab/Sum", { n: 3 }, { n: 4 })).toEqual([{ n: 7 }]);
    expect(await client.call("lab.Lab/Chat", { text: "a" }, { text: "b" })).toEqual([
      { text: "A" },
      { text: "B" },
    ]);
    await expect(client.call("lab.Lab/Fail", { text: "" })).rejects.toMatchObject({
      code: 13,
      details: expect.stringMatching(/Lab\.Fail: text/),
    });
  });
});

describe("a message arrives as JSON would bring it", () => {
  test("what is not sent is missing, for defaults and optional fields to take effect", async () => {
    const input = z.object({ a: z.string().default("x"), b: z.number().optional(), c: z.boolean() });
    expect(await look(input, { c: false })).toEqual({ a: "x", c: false });
    expect(await look(input, { a: "", b: 0, c: true })).toEqual({ a: "", b: 0, c: true });
    await expect(look(input, {})).rejects.toMatchObject({ code: 3, details: expect.stringContaining("c: ") });
  });

  test("an empty list or map that must be there is there, another one is not", async () => {
    const input = z.object({
      list: z.array(z.string()),
      map: z.record(z.string(), z.number()),
      more: z.array(z.string()).optional(),
      preset: z.array(z.string()).default(["p"]),
      none: z.string().nullable(),
    });
    expect(await look(input, {})).toEqual({ list: [], map: {}, preset: ["p"], none: null });
    const full = { list: ["a"], map: { k: 1 }, more: ["b"], preset: [], none: "n" };
    expect(await look(input, full)).toEqual({ ...full, preset: ["p"] });
  });

  test("objects inside objects, lists and maps, and a type inside of itself", async () => {
    const Leaf = z.object({ name: z.string() });
    const Tree = z.object({
      leaf: Leaf,
      get below() {
        return z.array(Tree).optional();
      },
    });
    const input = z.object({ tree: Tree, by: z.record(z.string(), Leaf), "odd-name": z.string().optional() });
    const given = {
      tree: { leaf: { name: "r" }, below: [{ leaf: { name: "c" } }] },
      by: { k: { name: "v" } },
    };
    expect(await look(input, given)).toEqual(given);
  });

  test("what no message can say is any JSON", async () => {
    const input = z.object({ any: z.unknown(), object: z.record(z.string(), z.unknown()).optional() });
    const one = { listValue: { values: [{ numberValue: 1 }, { nullValue: 0 }, { stringValue: "s" }] } };
    expect(await look(input, { any: one, object: { fields: { k: { boolValue: true } } } })).toEqual({
      any: [1, null, "s"],
      object: { k: true },
    });
  });

  test("keys that change prototypes, and values that are none, are refused", async () => {
    const input = z.object({ any: z.unknown() });
    const struct = (fields: object) => ({ any: { structValue: { fields } } });
    const inner = { structValue: { fields: { prototype: { stringValue: "x" } } } };
    await expect(look(input, struct({ constructor: inner }))).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining("'constructor.prototype' are not allowed"),
    });
    await expect(look(input, { any: {} })).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining("has no value"),
    });
    await expect(look(input, { any: { numberValue: Number.NaN } })).rejects.toMatchObject({ code: 3 });
    await withClient([seen(input)], async (_client, address) => {
      // A map's entry with the key __proto__, which protobufjs does not write.
      const key = Buffer.from("\n\u0009__proto__\u0012\u0002\u0020\u0001");
      const any = Buffer.concat([Buffer.from([0x2a, key.length + 2, 0x0a, key.length]), key]);
      const body = frame(Buffer.concat([Buffer.from([0x0a, any.length]), any]));
      const headers = { "content-type": "application/grpc+proto" };
      const [code, text] = statusOf(await raw(address, "/lab.Mirror/Look", { headers, body }));
      expect([code, text]).toEqual([3, expect.stringContaining("this key is not allowed")]);
    });
  });
});

test("a reply is what JSON would have shown: without what its message has no field for", async () => {
  const contract = defineContract({
    name: "Lab",
    service: "lab",
    methods: {
      get: unary({
        input: z.object({}),
        output: type({ at: "unknown", list: "string[]", inner: { n: "number" }, "maybe?": "string | null" }),
      }),
    },
  });
  class Reply {
    at = new Date(0);
    list = ["a"];
    extra = "kept by arktype";
    maybe = null;
    get inner() {
      return { n: 1.5, more: true };
    }
  }
  await withClient([implement(contract, { get: () => new Reply() })], async (client) => {
    expect(await client.call("lab.Lab/Get", {})).toEqual([
      { at: { stringValue: "1970-01-01T00:00:00.000Z" }, list: ["a"], inner: { n: 1.5 } },
    ]);
  });
});

test("a reply of which nothing is known is any JSON, null too; nothing is an empty object", async () => {
  const input = z.object({ kind: z.string() });
  const contract = defineContract({ name: "Lab", service: "lab", methods: { get: unary({ input }) } });
  const replies: Readonly<Record<string, unknown>> = { none: null, text: "a", nothing: undefined };
  await withClient([implement(contract, { get: ({ kind }) => replies[kind] })], async (client) => {
    const get = async (kind: string) => (await client.call("lab.Lab/Get", { kind }))[0];
    expect(await get("none")).toEqual({ nullValue: 0 });
    expect(await get("text")).toEqual({ stringValue: "a" });
    expect(await get("nothing")).toEqual({ structValue: {} });
  });
});

describe("what is not described", () => {
  const text = z.object({ text: z.string() });

  test("handlers that say nothing of their messages get bytes, and are not listed", async () => {
    const contract = defineContract({
      name: "Mixed",
      service: "lab",
      methods: {
        told: unary({ input: text, output: text }),
        plain: unary<Uint8Array, Uint8Array>(),
        framed: unary({ input: frameSchema, output: frameSchema }),
      },
    });
    const same = <T>(request: T): T => request;
    const mixed = implement(contract, { told: same, plain: same, framed: same });
    const plain = handle<Uint8Array, Uint8Array>("Debug.Plain", same);
    await withClient([mixed, plain], async (client, address) => {
      expect(await client.services()).toEqual(["lab.Mixed", ...STANDARD]);
      const root = await client.describe("lab.Mixed");
      expect(Object.keys(root.lookupService("lab.Mixed").methods)).toEqual(["Told"]);
      for (const path of ["/lab.Mixed/Plain", "/lab.Mixed/Framed", "/Debug/Plain"]) {
        const headers = { "content-type": "application/grpc+proto" };
        const { data } = await raw(address, path, { headers, body: frame(Buffer.from("as it is")) });
        expect(data.subarray(5).toString()).toBe("as it is");
      }
    });
  });

  test("a handler without a contract that has schemas is described under the service's name", async () => {
    const hello = handle("Greeter.Hello", ({ text: name }: { text: string }) => ({ text: `Hello ${name}` }), {
      input: text,
      output: text,
    });
    await withClient([hello], async (client) => {
      expect(await client.call("go.micro.srv.dbg.Greeter/Hello", { text: "Ada" })).toEqual([
        { text: "Hello Ada" },
      ]);
    });
  });

  test("a contract that no message can say is left out with a warning, others are not", async () => {
    const twins = z.object({ aB: z.string(), a_b: z.string() });
    const methods = { call: unary({ input: twins, output: text }) };
    const odd = defineContract({ name: "Odd", service: "lab", methods });
    const fine = defineContract({
      name: "Fine",
      service: "lab",
      methods: { call: unary({ input: text, output: text }) },
    });
    const warnings: string[] = [];
    const warn = (message: string | (() => string)) =>
      void warnings.push(typeof message === "string" ? message : message());
    const listening = { ...nullLogger, warn, child: () => listening };
    const handlers = [
      implement(odd, { call: ({ aB }) => ({ text: aB }) }),
      implement(fine, { call: (request) => request }),
    ];
    await using service = await createService(defineService({ name: "lab", handlers }), {
      plugins: [
        jsonCodec,
        protobufCodec,
        memoryRegistry,
        grpcServer,
        definePlugin(logger, { name: "listening", create: () => listening }),
      ],
      server: { address: "127.0.0.1:0" },
    });
    await service.start();
    const client = new ReflectedClient(service.server.address ?? "");
    expect(await client.services()).toEqual(["lab.Fine", ...STANDARD]);
    expect(await client.call("lab.Fine/Call", { text: "a" })).toEqual([{ text: "a" }]);
    client.close();
    expect(warnings).toEqual([expect.stringMatching(/^Odd cannot be called in protobuf.*'aB' and 'a_b'/)]);
  });

  test("nothing is promised where no codec reads protobuf", async () => {
    const contract = defineContract({
      name: "Lab",
      service: "lab",
      methods: { call: unary({ input: text, output: text }) },
    });
    const handlers = implement(contract, { call: (request) => request });
    await using service = await createService(defineService({ name: "lab", handlers }), {
      plugins: [jsonCodec, bytesCodec, memoryRegistry, grpcServer],
      server: { address: "127.0.0.1:0" },
    });
    await service.start();
    const client = new ReflectedClient(service.server.address ?? "");
    expect(await client.services()).toEqual(STANDARD);
    client.close();
  });
});

test("message types and a .proto file of the same package stand beside it", async () => {
  const file = defineFile({ name: "shop/orders.proto", package: "shop" });
  const Order: MessageType<{ id: string }> = defineMessage(file, "Order", () => ({
    id: { number: 1, type: "string" },
  }));
  const same = <T>(request: T): T => request;
  const first = defineContract({
    name: "Orders",
    service: "shop",
    file,
    methods: { place: unary({ input: Order, output: Order }) },
  });
  const second = defineContract({
    name: "Notes",
    service: "shop",
    methods: {
      add: unary({
        input: z.object({ order: z.object({ id: z.string() }).meta({ title: "Order" }) }),
        output: StringValue,
      }),
      both: unary({ input: Order, output: StringValue }),
    },
  });
  const notes = implement(second, {
    add: ({ order }) => ({ value: order.id }),
    both: ({ id }) => ({ value: id }),
  });
  await withClient([implement(first, { place: same }), notes], async (client) => {
    expect(await client.services()).toEqual(["shop.Orders", "shop.code.Notes", ...STANDARD]);
    expect(await client.call("shop.Orders/Place", { id: "a" })).toEqual([{ id: "a" }]);
    expect(await client.call("shop.code.Notes/Add", { order: { id: "b" } })).toEqual([{ value: "b" }]);
    expect(await client.call("shop.code.Notes/Both", { id: "c" })).toEqual([{ value: "c" }]);
    expect((await client.describe("shop.code.Notes")).lookupType("shop.code.Order").fieldsArray).toHaveLength(
      1,
    );
  });
});

test("JSON is answered as before", async () => {
  await withClient([seen(z.object({ a: z.string().optional() }))], async (_client, address) => {
    const { data } = await raw(address, "/lab.Mirror/Look", { body: frame(Buffer.from('{"a":"b"}')) });
    expect(JSON.parse(data.subarray(5).toString())).toEqual({ json: '{"a":"b"}' });
  });
});
