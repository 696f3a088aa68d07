import { Channel, MicroError } from "@micro/core";
import type { Article, Line } from "./contracts.ts";

/** Changes that may wait for a watcher who reads slowly. */
const MAX_UNREAD = 64;

/** What is in the house, in memory, and who watches it. */
export class Shelf {
  readonly #articles = new Map<string, Article>();
  readonly #reserved = new Map<string, readonly Line[]>();
  readonly #watchers = new Map<string, Set<Channel<Article>>>();

  constructor(articles: Iterable<Article>) {
    for (const article of articles) this.#articles.set(article.sku, article);
  }

  /** Throws `NOT_FOUND`. */
  find(sku: string): Article {
    const article = this.#articles.get(sku);
    if (article !== undefined) return article;
    throw new MicroError({ id: "shop.stock", code: "NOT_FOUND", detail: `there is no article '${sku}'` });
  }

  /** Puts articles in; the price is the newest one. */
  add({ sku, quantity, price }: Article): void {
    this.#change({ sku, price, quantity: quantity + (this.#articles.get(sku)?.quantity ?? 0) });
  }

  /** Takes all lines out for an order, or none. Throws `NOT_FOUND`, and `CONFLICT` when there is too little. */
  reserve(order: string, lines: readonly Line[]): readonly Article[] {
    const wanted = new Map<string, number>(); // an article may be on several lines
    for (const { sku, quantity } of lines) wanted.set(sku, quantity + (wanted.get(sku) ?? 0));
    for (const [sku, quantity] of wanted) {
      const { quantity: left } = this.find(sku);
      if (left >= quantity) continue;
      const detail = `${quantity} of '${sku}' are wanted and ${left} are there`;
      throw new MicroError({ id: "shop.stock", code: "CONFLICT", detail });
    }
    this.#reserved.set(order, lines);
    return lines.map(({ sku, quantity }) => {
      const article = this.find(sku);
      return this.#change({ ...article, quantity: article.quantity - quantity });
    });
  }

  /** Puts back what an order took. Returns how many units that were. */
  release(order: string): number {
    let units = 0;
    for (const { sku, quantity } of this.#reserved.get(order) ?? []) {
      const article = this.find(sku);
      this.#change({ ...article, quantity: article.quantity + quantity });
      units += quantity;
    }
    this.#reserved.delete(order);
    return units;
  }

  /** What an order took is gone for good. */
  sold(order: string): void {
    this.#reserved.delete(order);
  }

  /** The article as it is, and after each change. `onLeft` is told how many still watch when the reader leaves. */
  watch(sku: string, onLeft: (watchers: number) => void): Channel<Article> {
    const watchers = this.#watchers.get(sku) ?? new Set();
    const channel = new Channel<Article>({
      onCancel: () => {
        watchers.delete(channel);
        if (watchers.size === 0) this.#watchers.delete(sku);
        onLeft(watchers.size);
      },
    });
    channel.push(this.find(sku));
    this.#watchers.set(sku, watchers.add(channel));
    return channel;
  }

  #change(article: Article): Article {
    this.#articles.set(article.sku, article);
    for (const watcher of this.#watchers.get(article.sku) ?? []) {
      if (watcher.size < MAX_UNREAD) watcher.push(article);
      else {
        this.#watchers.get(article.sku)?.delete(watcher);
        const detail = `a watcher of '${article.sku}' left ${MAX_UNREAD} changes unread`;
        watcher.fail(new MicroError({ id: "shop.stock", code: "RESOURCE_EXHAUSTED", detail }));
      }
    }
    return article;
  }
}
