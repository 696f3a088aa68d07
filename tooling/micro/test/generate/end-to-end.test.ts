import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, implement, MicroError } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { memoryTransport } from "@micro/transport-memory";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { Kind } from "./golden/shop/v1/odd.ts";
import {
  Order,
  Order_Delivery,
  type Order_Item,
  Orders,
  Record_Keeper,
  State,
} from "./golden/shop/v1/orders.ts";

const orders = implement(Orders, {
  getOrder: ({ id }) => {
    if (id === 404n) throw new MicroError({ code: "NOT_FOUND", detail: "no such order" });
    expectTypeOf(id).toEqualTypeOf<bigint>();
    return {
      id,
      state: State.STATE_OPEN,
      items: [{ sku: "tea", count: 2, parts: [{ sku: "leaf" }] }],
      prices: { 7: { currencyCode: "EUR", units: "12345678901234567" } },
      createdAt: { seconds: 1_700_000_000n, nanos: 5_000_000 },
      delivery: Order_Delivery.DELIVERY_MAIL,
      signature: new Uint8Array([1, 2]),
      points: [-1n, 2n ** 62n],
      cash: { currencyCode: "EUR", nanos: 5 },
    };
  },
  listOrders: async function* ({ pageSize }) {
    for (let id = 1; id <= pageSize; id++) yield { id };
  },
  upload: async (uploaded) => {
    const ids: bigint[] = [];
    for await (const { id } of uploaded) ids.push(id);
    if (ids.join() !== "1,2,3") throw new MicroError({ code: "BAD_REQUEST", detail: `got ${ids.join()}` });
    return {};
  },
  httpTalk: async function* (items) {
    for await (const { sku, count } of items) yield { sku: sku.toUpperCase(), count };
  },
  putAway: () => ({ year: 2026, kind: Kind.KIND_B, day: -1n }),
});

const service = await createService(defineService({ name: "shop.v1", handlers: [orders] }), {
  plugins: [jsonCodec, protobufCodec, memoryRegistry, randomSelector, memoryTransport, rpcClient, rpcServer],
  configFile: false,
  server: { address: "127.0.0.1:0" },
  // The bytes are what is looked at here.
  selector: { preferLocal: false },
});

beforeAll(() => service.start());
afterAll(() => service.stop());

describe.each(["application/json", "application/protobuf"])("a generated contract over %s", (contentType) => {
  const client = service.client.of(Orders);
  const options = { contentType };

  test("one request, one reply: complete messages on both sides", async () => {
    const order = await client.getOrder({ id: 12 }, options);
    expectTypeOf(order).toEqualTypeOf<Order>();
    expect(order).toEqual(
      Order.create({
        id: 12n,
        state: 1,
        items: [{ sku: "tea", count: 2, parts: [{ sku: "leaf" }] }],
        prices: { 7: { currencyCode: "EUR", units: "12345678901234567" } },
        createdAt: { seconds: 1_700_000_000n, nanos: 5_000_000 },
        delivery: 1,
        signature: new Uint8Array([1, 2]),
        points: [-1n, 2n ** 62n],
        cash: { currencyCode: "EUR", nanos: 5 },
      }),
    );
    expect("note" in order).toBe(false);
    expect(order.HTTPWeightsKg).toEqual([]);
  });

  test("one request, many replies", async () => {
    const ids: bigint[] = [];
    for await (const { id } of client.listOrders({ pageSize: 3 }, options)) ids.push(id);
    expect(ids).toEqual([1n, 2n, 3n]);
  });

  test("many requests, one reply", async () => {
    const requests = (async function* () {
      for (const id of [1, 2, 3]) yield { id };
    })();
    expect(await client.upload(requests, options)).toEqual({});
  });

  test("many requests, many replies, under the name that the .proto gives", async () => {
    const items = (async function* () {
      yield { sku: "a", count: 1 };
      yield { sku: "b" };
    })();
    const replies: Order_Item[] = [];
    for await (const reply of client.httpTalk(items, options)) replies.push(reply);
    expect(replies.map(({ sku, count }) => [sku, count])).toEqual([
      ["A", 1],
      ["B", 0],
    ]);
  });

  test("a name that is derived by no rule, and a message of proto2", async () => {
    expect(await client.putAway({}, options)).toEqual({
      year: 2026,
      kind: 2,
      day: -1n,
      packed: [],
      unpacked: [],
    });
  });

  test("TypeScript knows that one of a oneof excludes the others", async () => {
    const order = await client.getOrder({ id: 1 }, options);
    if (order.cash === undefined) throw new Error("the handler sets it");
    expectTypeOf(order.card).toEqualTypeOf<undefined>();
    expect(order.card).toBeUndefined();
    // @ts-expect-error two of a oneof
    expect(() => client.upload([{ card: "", onAccount: true }])).toBeTypeOf("function");
  });

  test("a service without methods is one", () => {
    expect(Record_Keeper).toMatchObject({ name: "Record_Keeper", methods: {} });
  });

  test("errors are those of the handler, and a request that does not fit never leaves", async () => {
    await expect(client.getOrder({ id: 404 }, options)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(client.getOrder({ id: -1n }, options)).rejects.toThrow(/id: must be from 0/);
  });
});
