import { afterAll, beforeAll, describe, expect } from "vitest";
import { createShop } from "../src/monolith.ts";
import { describeTiming } from "../src/timing.ts";
import { Observer } from "./observer.ts";
import { shopSuite } from "./shop-suite.ts";

describe("the shop in one process", () => {
  const observer = new Observer();
  const timings: string[] = [];
  let shop: Awaited<ReturnType<typeof createShop>>;

  beforeAll(async () => {
    shop = await createShop({
      report: (done) => timings.push(describeTiming(done)),
      others: [observer.definition],
    });
    await shop.start();
  });

  afterAll(() => shop?.stop());

  shopSuite(() => ({
    client: shop.service("shop.observer").client,
    observer,
    // Everything that a call did has been told when it returns.
    async timed(side, endpoint) {
      expect(timings.join("\n")).toContain(`${side} ${endpoint} in `);
    },
  }));
});
