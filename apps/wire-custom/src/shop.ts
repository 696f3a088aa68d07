import { defineContract, defineService, implement, subscribe, unary } from "@micro/core";
import { type Sale, till } from "./till.ts";

/** What the shop can be asked. */
export const shopContract = defineContract({
  name: "Shop",
  service: "shop",
  methods: {
    buy: unary<{ readonly article: string; readonly count: number }, Sale>(),
  },
});

/** The service: its handlers use the class of the application's own, as they would use any component. */
export const shop = defineService({
  name: "shop",
  needs: [till.component],
  handlers: ({ till: ours }) => [
    implement(shopContract, {
      buy: ({ article, count }) => ours.sell(article, count),
    }),
  ],
  subscribers: [
    subscribe<Sale>("sold", ({ article, count, total }) => {
      console.log(`sold ${count} ${article} for ${(total / 100).toFixed(2)}`);
    }),
  ],
});
