import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const line = v.object({ sku: v.pipe(v.string(), v.minLength(1)), quantity: count });
const placeOrder = v.object({
  customer: v.pipe(v.string(), v.minLength(1)),
  card: v.string(),
  lines: v.pipe(v.array(line), v.minLength(1, "an order has at least one line")),
});

/** So many of one article. */
export type Line = v.InferOutput<typeof line>;

/** What a customer wants. */
export type PlaceOrder = v.InferOutput<typeof placeOrder>;

/** An order that was paid. Money is in cents. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly Line[];
  readonly total: number;
  readonly payment: string;
}

/** What is in a basket so far. */
export interface Basket {
  readonly items: number;
  readonly total: number;
}

/** Orders: what customers talk to. Requests to place one are checked before the handler sees them. */
export const ordersContract = defineContract({
  name: "Orders",
  service: "shop.orders",
  methods: {
    place: unary<PlaceOrder, Order>({ input: placeOrder }),
    find: unary<{ readonly id: string }, Order>({ idempotent: true }),
    /** Each line that comes in is answered with what the basket costs then. */
    basket: bidiStream<Line, Basket>(),
  },
});

/** How many of an article are there, and what one costs. */
export interface Article {
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
}

/** Stock: what is in the house. */
export const stockContract = defineContract({
  name: "Stock",
  service: "shop.stock",
  methods: {
    find: unary<{ readonly sku: string }, Article>({ idempotent: true }),
    /** Takes articles out for an order, all of them or none. */
    reserve: unary<
      { readonly order: string; readonly lines: readonly Line[] },
      { readonly articles: readonly Article[] }
    >(),
    /** Puts back what an order took; an order that took nothing is no error. */
    release: unary<{ readonly order: string }, { readonly units: number }>({ idempotent: true }),
    /** Goods that arrive, one message per box. */
    deliver: clientStream<Article, { readonly boxes: number; readonly units: number }>(),
    /** The article now, and again after each change, until the caller has seen enough. */
    watch: serverStream<{ readonly sku: string }, Article>(),
  },
});

/** Payments: whose money it is. */
export const paymentsContract = defineContract({
  name: "Payments",
  service: "shop.payments",
  methods: {
    charge: unary<
      { readonly order: string; readonly card: string; readonly amount: number },
      { readonly payment: string }
    >(),
  },
});

/** Published when an order is paid, an {@link Order}. Delivery is at most once, as always. */
export const ORDER_PLACED = "shop.order.placed";
/** Published by payments for each order that was placed: a {@link Receipt}. */
export const RECEIPT_SENT = "shop.receipt.sent";
/** Published by stock when somebody stops watching an article: a {@link WatchEnded}. */
export const WATCH_ENDED = "shop.watch.ended";

/** What a customer gets by mail. */
export interface Receipt {
  readonly order: string;
  readonly text: string;
}

/** Who lost interest in what. */
export interface WatchEnded {
  readonly sku: string;
  readonly watchers: number;
}
