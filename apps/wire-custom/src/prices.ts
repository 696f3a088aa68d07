import { defineComponent, definePlugin, MicroError, option } from "@micro/core";
import { logger } from "@micro/logger";

/** What things cost: a component of the application's own. */
export interface Prices {
  /** In cents. Throws `NOT_FOUND` for what is not for sale. */
  of(article: string): number;
}

/** The component: its section in `micro.yaml` is `prices`. */
export const prices = defineComponent<Prices>()({
  name: "prices",
  description: "What things cost",
  config: { currency: option.string({ description: "Behind every price", default: "EUR" }) },
});

/** Its plugin: a list of prices in the configuration. */
export const listedPrices = definePlugin(prices, {
  name: "listed",
  config: {
    list: option.map({ description: "Cents by article", default: {} }),
  },
  needs: [logger],
  create: ({ config, deps }) => ({
    of(article) {
      const cents = Number(config.list[article]);
      if (Number.isNaN(cents))
        throw new MicroError({ code: "NOT_FOUND", id: "till", detail: `'${article}' is not for sale` });
      deps.logger.debug("price", { article, cents, currency: config.currency });
      return cents;
    },
  }),
});
