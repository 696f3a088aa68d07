import type { Client } from "@micro/client";
import { Channel, MicroError } from "@micro/core";
import { expect, test } from "vitest";
import {
  type Article,
  type Line,
  ORDER_PLACED,
  ordersContract,
  RECEIPT_SENT,
  stockContract,
  WATCH_ENDED,
} from "../src/contracts.ts";
import type { Observer } from "./observer.ts";

/** A shop that runs, as its customers see it. */
export interface OpenShop {
  readonly client: Client;
  readonly observer: Observer;
  /** Resolves when the timing middleware of that side has told of the endpoint. */
  timed(side: "called" | "handled", endpoint: string): Promise<void>;
}

/** What must be true of the shop, in pieces or in one. Errors, replies and events are compared to the same values. */
export function shopSuite(open: () => OpenShop): void {
  const orders = () => open().client.of(ordersContract);
  const stock = () => open().client.of(stockContract);
  const buy = (card: string, ...lines: readonly Line[]) => ({ customer: "Ada", card, lines: [...lines] });
  const quantityOf = async (sku: string): Promise<number> => (await stock().find({ sku })).quantity;

  test("a call goes through three services and comes back", async () => {
    const cups = await quantityOf("cup");
    const order = await orders().place(
      buy("ada-1815", { sku: "cup", quantity: 2 }, { sku: "tea", quantity: 1 }),
    );
    expect(order).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      customer: "Ada",
      lines: [
        { sku: "cup", quantity: 2 },
        { sku: "tea", quantity: 1 },
      ],
      total: 2850,
      payment: expect.stringMatching(/^ada-1815-\d+-2850$/),
    });
    expect(await orders().find({ id: order.id })).toEqual(order);
    expect(await quantityOf("cup")).toBe(cups - 2);
  });

  test("an article on several lines is counted together", async () => {
    const pots = await quantityOf("pot");
    const line = { sku: "pot", quantity: pots };
    await expect(orders().place(buy("ada", line, line))).rejects.toMatchObject({
      code: "CONFLICT",
      detail: `${2 * pots} of 'pot' are wanted and ${pots} are there`,
    });
    expect(await quantityOf("pot")).toBe(pots);
  });

  test("nobody can change the objects of another service", async () => {
    const line = { sku: "tea", quantity: 1 };
    const order = await orders().place({ customer: "Ada", card: "ada", lines: [line] });
    line.quantity = 99;
    (order as { total: number }).total = 0;
    expect(await orders().find({ id: order.id })).toMatchObject({ total: 450, lines: [{ quantity: 1 }] });
  });

  test("errors keep id, code and detail over two services", async () => {
    const cases = [
      [
        () => orders().find({ id: "nope" }),
        { id: "shop.orders", code: "NOT_FOUND", httpCode: 404, detail: "there is no order 'nope'" },
      ],
      [
        () => orders().place(buy("ada", { sku: "soap", quantity: 1 })),
        { id: "shop.stock", code: "NOT_FOUND", httpCode: 404, detail: "there is no article 'soap'" },
      ],
      [
        () => orders().place(buy("ada", { sku: "pot", quantity: 500 })),
        {
          id: "shop.stock",
          code: "CONFLICT",
          httpCode: 409,
          detail: /^500 of 'pot' are wanted and \d are there$/,
        },
      ],
      [
        () => orders().place(buy("empty", { sku: "tea", quantity: 1 })),
        {
          id: "shop.payments",
          code: "PRECONDITION_FAILED",
          httpCode: 412,
          detail: "the bank declines card 'empty'",
        },
      ],
      [
        () => open().client.call({ service: "shop.orders", endpoint: "Orders.Nope" }),
        {
          id: "go.micro.client",
          code: "NOT_FOUND",
          httpCode: 404,
          detail: /none available for endpoint 'Orders\.Nope'/,
        },
      ],
      [
        () => open().client.call({ service: "shop.cellar", endpoint: "Cellar.Open" }),
        {
          id: "go.micro.client",
          code: "NOT_FOUND",
          httpCode: 404,
          detail: /^service shop\.cellar: not found/,
        },
      ],
    ] as const;
    for (const [call, { detail, ...expected }] of cases) {
      const error = await failure(call());
      expect(error).toMatchObject(expected);
      expect(error.detail).toMatch(detail instanceof RegExp ? detail : new RegExp(`^${detail}$`));
    }
  });

  test("a request that does not fit its schema is refused before any handler sees it", async () => {
    const tea = await quantityOf("tea");
    const error = await failure(orders().place(buy("ada")));
    expect(error).toMatchObject({ id: "shop.orders", code: "BAD_REQUEST" });
    expect(error.detail).toContain("lines: an order has at least one line");
    const wrong = { customer: "", card: "ada", lines: [{ sku: "tea", quantity: 1.5 }] };
    expect((await failure(orders().place(wrong))).detail).toMatch(/customer: .*lines\.0\.quantity: /);
    expect(await quantityOf("tea")).toBe(tea);
  });

  test("a client stream is read to its end before the reply", async () => {
    const boxes: Article[] = Array.from({ length: 100 }, (_, box) => ({
      sku: "jam",
      quantity: box,
      price: 350,
    }));
    expect(await stock().deliver(boxes)).toEqual({ boxes: 100, units: 4950 });
    expect(await stock().find({ sku: "jam" })).toEqual({ sku: "jam", quantity: 4950, price: 350 });
  });

  test("a bidirectional stream answers each message, in order, before the next is sent", async () => {
    const lines = new Channel<Line>();
    const seen: unknown[] = [];
    await lines.send({ sku: "tea", quantity: 1 });
    for await (const basket of orders().basket(lines)) {
      seen.push(basket);
      if (seen.length < 50) await lines.send({ sku: "tea", quantity: 1 });
      else lines.end();
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, at) => ({ items: at + 1, total: (at + 1) * 450 })));
  });

  test("an error in the middle of a stream arrives after what came before it", async () => {
    const seen: unknown[] = [];
    const lines = [
      { sku: "tea", quantity: 1 },
      { sku: "soap", quantity: 1 },
      { sku: "tea", quantity: 1 },
    ];
    const reading = (async () => {
      for await (const basket of orders().basket(lines)) seen.push(basket);
    })();
    expect(await failure(reading)).toMatchObject({
      id: "shop.stock",
      code: "NOT_FOUND",
      detail: "there is no article 'soap'",
    });
    expect(seen).toEqual([{ items: 1, total: 450 }]);
  });

  test("a server stream goes on until the reader leaves, and the service learns of it", async () => {
    const seen: number[] = [];
    await stock().deliver([{ sku: "ginger", quantity: 1, price: 100 }]);
    for await (const { quantity } of stock().watch({ sku: "ginger" })) {
      seen.push(quantity);
      if (seen.length === 5) break;
      await stock().deliver([{ sku: "ginger", quantity: 1, price: 100 }]);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    const [ended] = await open().observer.wait(1, ({ topic, message }) => {
      return topic === WATCH_ENDED && (message as { sku: string }).sku === "ginger";
    });
    expect(ended?.message).toEqual({ sku: "ginger", watchers: 0 });
  });

  test("a deadline ends the work of all services behind the call, and what was reserved goes back", async () => {
    const before = await quantityOf("pot");
    const quantities = watchQuantities(stock(), "pot");
    expect(await quantities.next()).toBe(before);
    const begin = performance.now();
    const error = await failure(orders().place(buy("slow", { sku: "pot", quantity: 1 }), { timeoutMs: 300 }));
    expect(error.code).toBe("TIMEOUT");
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(await quantities.next()).toBe(before - 1);
    expect(await quantities.next()).toBe(before);
    await quantities.leave();
  });

  test("a caller that cancels ends the work of all services behind the call", async () => {
    const before = await quantityOf("pot");
    const quantities = watchQuantities(stock(), "pot");
    expect(await quantities.next()).toBe(before);
    const abort = new AbortController();
    const placing = failure(
      orders().place(buy("slow", { sku: "pot", quantity: 1 }), { signal: abort.signal, timeoutMs: 60_000 }),
    );
    expect(await quantities.next()).toBe(before - 1); // reserved: the bank is being asked now
    abort.abort(new Error("I changed my mind"));
    expect(await placing).toMatchObject({ code: "CANCELLED", id: "go.micro.client" });
    expect(await quantities.next()).toBe(before);
    await quantities.leave();
  });

  test("an event reaches every subscriber, and one member of each queue", async () => {
    const { observer } = open();
    const placed = await Promise.all(
      Array.from({ length: 6 }, () => orders().place(buy("ada", { sku: "tea", quantity: 1 }))),
    );
    const ids = placed.map(({ id }) => id).sort();
    const ours = (wanted: string, key: "id" | "order") => (observed: { topic: string; message: unknown }) =>
      observed.topic === wanted && ids.includes((observed.message as Record<string, string>)[key] ?? "");
    const receipts = await observer.wait(6, ours(RECEIPT_SENT, "order"));
    const heard = await observer.wait(12, ours(ORDER_PLACED, "id"));
    const idsOf = (which: RegExp) =>
      heard
        .filter(({ subscriber }) => which.test(subscriber))
        .map(({ message }) => (message as { id: string }).id)
        .sort();
    expect(idsOf(/^all$/)).toEqual(ids);
    expect(idsOf(/^auditor/)).toEqual(ids);
    expect(receipts.map(({ message }) => (message as { order: string }).order).sort()).toEqual(ids);
    expect(receipts[0]?.message).toMatchObject({ text: "Ada paid 4.50" });
    const one = placed.find(({ id }) => id === ids[0]);
    expect(heard.find(({ message }) => (message as { id: string }).id === ids[0])?.message).toEqual(one);
  });

  test("middleware sees the calls on both sides", async () => {
    await orders().place(buy("ada", { sku: "tea", quantity: 1 }));
    await open().timed("called", "Stock.Reserve");
    await open().timed("handled", "Stock.Reserve");
    await open().timed("handled", "Orders.Place");
  });
}

/** The error that `call` rejects with. */
async function failure(call: Promise<unknown>): Promise<MicroError> {
  const error = await call.then(
    (value) => new Error(`an error was expected, but there was ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!MicroError.is(error)) throw error;
  return error;
}

/** Reads a watched article, one quantity at a time. */
function watchQuantities(stock: ReturnType<typeof stockOf>, sku: string) {
  const articles = stock.watch({ sku })[Symbol.asyncIterator]();
  return {
    next: async () => ((await articles.next()).value as Article | undefined)?.quantity,
    leave: async () => void (await articles.return?.()),
  };
}

const stockOf = (client: Client) => client.of(stockContract);
