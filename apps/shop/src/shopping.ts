import type { Client } from "@micro/client";
import { MicroError } from "@micro/core";
import { ordersContract, type PlaceOrder, stockContract } from "./contracts.ts";

/** A customer who looks, buys and fails to buy: the same code for the shop in pieces and in one. */
export async function goShopping(client: Client, print: (text: string) => void): Promise<void> {
  const orders = client.of(ordersContract);
  const stock = client.of(stockContract);

  const arrived = await stock.deliver([
    { sku: "tea", quantity: 12, price: 490 },
    { sku: "jam", quantity: 6, price: 350 },
  ]);
  print(`${arrived.boxes} boxes arrive with ${arrived.units} units`);

  const wanted = [
    { sku: "pot", quantity: 1 },
    { sku: "cup", quantity: 4 },
    { sku: "tea", quantity: 2 },
  ];
  for await (const { items, total } of orders.basket(wanted))
    print(`basket: ${euros(total)}, items: ${items}`);

  const order = await orders.place({ customer: "Ada", card: "ada-1815", lines: wanted });
  print(`paid ${euros(order.total)} with ${order.payment.split("-")[0]}'s card`);

  const tries: readonly (readonly [what: string, request: PlaceOrder])[] = [
    ["too much", { customer: "Ada", card: "ada-1815", lines: [{ sku: "pot", quantity: 50 }] }],
    ["an empty card", { customer: "Bob", card: "empty", lines: [{ sku: "tea", quantity: 1 }] }],
    ["a slow bank", { customer: "Cy", card: "slow", lines: [{ sku: "tea", quantity: 1 }] }],
    ["an empty order", { customer: "Dora", card: "dora-1", lines: [] }],
  ];
  for (const [what, request] of tries) {
    const error = await orders.place(request, { timeoutMs: 300 }).then(
      () => undefined,
      (reason: unknown) => MicroError.from(reason),
    );
    if (error !== undefined) print(`${what}: ${error.code} of ${error.id}, ${error.detail}`);
  }

  // Not the tea: what the slow bank held up goes back to the shelf in its own time.
  for await (const { sku, quantity } of stock.watch({ sku: "cup" })) {
    print(`watching: ${quantity} ${sku} are left`);
    break;
  }
}

const euros = (cents: number): string => (cents / 100).toFixed(2);
