import { randomUUID } from "node:crypto";
import { broker } from "@micro/broker";
import { client } from "@micro/client";
import { defineService, detached, implement, MicroError } from "@micro/core";
import { ORDER_PLACED, type Order, ordersContract, paymentsContract, stockContract } from "./contracts.ts";

/** Orders: reserves, charges, and tells the others. */
export function ordersService() {
  const placed = new Map<string, Order>(); // an example forgets its orders when it ends
  return defineService({
    name: "shop.orders",
    version: "1.0.0",
    needs: [client, broker],
    handlers: ({ client }) => {
      const stock = client.of(stockContract);
      const payments = client.of(paymentsContract);
      return [
        implement(ordersContract, {
          async place({ customer, card, lines }, { logger }) {
            const id = randomUUID();
            try {
              // The caller's deadline and cancellation go along with these calls without anybody passing them on.
              const { articles } = await stock.reserve({ order: id, lines });
              const total = sum(lines.map(({ quantity }, at) => quantity * (articles[at]?.price ?? 0)));
              const { payment } = await payments.charge({ order: id, card, amount: total });
              const order: Order = { id, customer, lines, total, payment };
              placed.set(id, order);
              await client.publish(ORDER_PLACED, order);
              return order;
            } catch (error) {
              // Its time may be over and the caller gone: the articles go back all the same.
              await detached(() => stock.release({ order: id })).catch((failure: unknown) =>
                logger.error("articles stay reserved", { order: id, error: failure }),
              );
              throw error;
            }
          },

          find({ id }) {
            const order = placed.get(id);
            if (order !== undefined) return order;
            throw new MicroError({
              id: "shop.orders",
              code: "NOT_FOUND",
              detail: `there is no order '${id}'`,
            });
          },

          async *basket(lines) {
            let items = 0;
            let total = 0;
            for await (const { sku, quantity } of lines) {
              const { price } = await stock.find({ sku });
              items += quantity;
              total += quantity * price;
              yield { items, total };
            }
          },
        }),
      ];
    },
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
