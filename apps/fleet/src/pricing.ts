import { defineService, implement, MicroError, runService } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { Pricing } from "./gen/pricing.ts";

const centsOf = new Map([
  ["tea", 450],
  ["cup", 1200],
]);

/** The Go service calls this one, through the stub that protoc-gen-micro made of the same .proto. */
const pricing = defineService({
  name: "pricing",
  version: "1.0.0",
  handlers: [
    implement(Pricing, {
      quote({ sku, quantity }, { metadata }) {
        const cents = centsOf.get(sku);
        if (cents === undefined) {
          throw new MicroError({ id: "pricing", code: "NOT_FOUND", detail: `no price for '${sku}'` });
        }
        const tenant = metadata.get("tenant") ?? "";
        const share = tenant === "acme" ? 0.9 : 1;
        return { totalCents: Math.round(cents * quantity * share), tenant };
      },
    }),
  ],
});

await runService(pricing, { plugins: [...defaults, fileRegistry] });
