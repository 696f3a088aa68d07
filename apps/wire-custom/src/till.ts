import { type Client, client } from "@micro/client";
import { defineProvider, type Lifecycle } from "@micro/core";
import { type Prices, prices } from "./prices.ts";

/** What was sold, as subscribers get it. */
export interface Sale {
  readonly article: string;
  readonly count: number;
  /** In cents. */
  readonly total: number;
}

/** A class as any other: it takes what it works with in its constructor, and knows nothing of wiring. */
export class Till implements Lifecycle {
  readonly #prices: Prices;
  readonly #client: Client;
  #taken = 0;

  constructor(given: Prices, publisher: Client) {
    this.#prices = given;
    this.#client = publisher;
  }

  /** In cents. */
  get taken(): number {
    return this.#taken;
  }

  async sell(article: string, count: number): Promise<Sale> {
    const sale = { article, count, total: this.#prices.of(article) * count };
    this.#taken += sale.total;
    await this.#client.publish("sold", sale);
    return sale;
  }

  /** An instance with a life is stopped with the service. */
  stop(): void {
    console.log(`the till holds ${(this.#taken / 100).toFixed(2)}`);
  }
}

/** Puts the class into the graph: the compiler checks that `needs` are what its constructor takes. */
export const till = defineProvider(Till, { name: "till", needs: [prices, client] });
