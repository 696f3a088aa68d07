import { broker } from "@micro/broker";
import { client } from "@micro/client";
import { defineService, detached, implement, subscribe } from "@micro/core";
import {
  type Article,
  ORDER_PLACED,
  type Order,
  stockContract,
  WATCH_ENDED,
  type WatchEnded,
} from "./contracts.ts";
import { Shelf } from "./shelf.ts";

const GOODS: readonly Article[] = [
  { sku: "tea", quantity: 100, price: 450 },
  { sku: "cup", quantity: 20, price: 1200 },
  { sku: "pot", quantity: 5, price: 3900 },
];

/** Stock: knows what is in the house and lets others watch it. */
export function stockService() {
  const shelf = new Shelf(GOODS);
  return defineService({
    name: "shop.stock",
    version: "1.0.0",
    needs: [client, broker],
    handlers: ({ client }) => [
      implement(stockContract, {
        find: ({ sku }) => shelf.find(sku),
        reserve: ({ order, lines }) => ({ articles: shelf.reserve(order, lines) }),
        release: ({ order }) => ({ units: shelf.release(order) }),

        async deliver(goods) {
          let boxes = 0;
          let units = 0;
          for await (const article of goods) {
            shelf.add(article);
            boxes += 1;
            units += article.quantity;
          }
          return { boxes, units };
        },

        watch: ({ sku }, { logger }) =>
          shelf.watch(sku, (watchers) => {
            const ended: WatchEnded = { sku, watchers };
            // The watcher has cancelled this call: what is told to others must not be cancelled with it.
            detached(() => client.publish(WATCH_ENDED, ended)).catch((error: unknown) =>
              logger.warn("nobody was told that a watch ended", { error }),
            );
          }),
      }),
    ],
    // Without a queue: each node of the stock hears of each order.
    subscribers: [subscribe<Order>(ORDER_PLACED, ({ id }) => shelf.sold(id))],
  });
}
