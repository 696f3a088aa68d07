import { setTimeout as sleep } from "node:timers/promises";
import { broker } from "@micro/broker";
import { client } from "@micro/client";
import { defineService, implement, MicroError, subscribe } from "@micro/core";
import { ORDER_PLACED, type Order, paymentsContract, RECEIPT_SENT, type Receipt } from "./contracts.ts";

/** Payments: asks the bank, and sends receipts. */
export function paymentsService() {
  let payments = 0;
  return defineService({
    name: "shop.payments",
    version: "1.0.0",
    needs: [client, broker],
    handlers: [
      implement(paymentsContract, {
        async charge({ card, amount }, { signal }) {
          await askBank(card, signal);
          payments += 1;
          return { payment: `${card}-${payments}-${amount}` };
        },
      }),
    ],
    subscribers: ({ client }) => [
      subscribe<Order>(
        ORDER_PLACED,
        async ({ id, customer, total }) => {
          const receipt: Receipt = { order: id, text: `${customer} paid ${(total / 100).toFixed(2)}` };
          await client.publish(RECEIPT_SENT, receipt);
        },
        // However many nodes of payments there are, one of them sends the receipt.
        { queue: "receipts" },
      ),
    ],
  });
}

/** Stands for a bank: knows cards that are slow and cards that are empty. `signal` ends the waiting. */
async function askBank(card: string, signal: AbortSignal): Promise<void> {
  if (card === "slow") await sleep(60_000, undefined, { signal });
  if (card === "empty") {
    const detail = `the bank declines card '${card}'`;
    throw new MicroError({ id: "shop.payments", code: "PRECONDITION_FAILED", detail });
  }
}
