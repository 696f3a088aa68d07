import { defineContract, serverStream, unary } from "@micro/core";

/** An article as the structs of `go/main.go` write it: the names are those of their json tags. */
export interface Article {
  readonly sku: string;
  readonly name: string;
  readonly stock: number;
  /** 0 where nobody asked for it. */
  readonly priceCents: number;
}

/** What the Go service offers: a handler of type `Catalog` with the methods `Get` and `List`. */
export const Catalog = defineContract({
  name: "Catalog",
  service: "catalog",
  methods: {
    // Idempotent, so that a call that Go's server loses is tried again.
    get: unary<{ readonly sku: string }, Article>({ idempotent: true }),
    list: serverStream<object, Article>(),
  },
});

/** What one of ours offers, said in TypeScript. The contract of the other one is generated: `gen/pricing.ts`. */
export const Orders = defineContract({
  name: "Orders",
  service: "orders",
  methods: {
    place: unary<Order, { readonly name: string; readonly totalCents: number }>(),
  },
});

/** What is ordered, and the message of {@link ORDERS_PLACED}. */
export interface Order {
  readonly sku: string;
  readonly quantity: number;
}

/** Published by `orders`, subscribed to by the Go service. */
export const ORDERS_PLACED = "orders.placed";
/** Published by the Go service with an {@link Article}, subscribed to by whoever likes. */
export const STOCK_CHANGED = "stock.changed";
