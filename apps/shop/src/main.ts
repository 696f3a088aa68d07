import { asProgram } from "@micro/core";
import { createShop } from "./monolith.ts";
import { goShopping } from "./shopping.ts";
import { describeTiming } from "./timing.ts";

await asProgram(async () => {
  const shop = await createShop({ report: (done) => console.log(`    ${describeTiming(done)}`) });
  await shop.start();
  try {
    await goShopping(shop.service("shop.orders").client, console.log);
  } finally {
    await shop.stop();
  }
});
