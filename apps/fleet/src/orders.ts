import { client } from "@micro/client";
import { defineService, implement, MicroError, runService } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { Catalog, ORDERS_PLACED, Orders } from "./contracts.ts";
import { Pricing } from "./gen/pricing.ts";

/** This one calls the Go service, and tells it by an event what was ordered. */
const orders = defineService({
  name: "orders",
  version: "1.0.0",
  needs: [client],
  handlers: ({ client: calls }) => {
    const catalog = calls.of(Catalog);
    const pricing = calls.of(Pricing);
    return [
      implement(Orders, {
        async place({ sku, quantity }) {
          const { name, stock } = await catalog.get({ sku });
          if (stock < quantity) {
            const detail = `${quantity} of '${sku}' are wanted and ${stock} are there`;
            throw new MicroError({ id: "orders", code: "CONFLICT", detail });
          }
          const { totalCents } = await pricing.quote({ sku, quantity });
          await calls.publish(ORDERS_PLACED, { sku, quantity });
          return { name, totalCents };
        },
      }),
    ];
  },
});

await runService(orders, { plugins: [...defaults, fileRegistry] });
