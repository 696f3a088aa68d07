import { client } from "@micro/client";
import { createService, defineService, type Service, subscribe } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { type Article, STOCK_CHANGED } from "./contracts.ts";
import type { Discovery } from "./discovery.ts";

const plugins = [...defaults, fileRegistry] as const;

/** A message of {@link STOCK_CHANGED} and the tenant that its metadata named. */
export interface StockNews {
  readonly article: Article;
  readonly tenant: string;
}

/** The demo's own service: it calls the others and listens. */
export interface Visitor {
  readonly service: Service<typeof plugins>;
  /** The next message of the topic. */
  readonly news: Promise<StockNews>;
}

/** Creates the service that walks through the fleet. */
export async function createVisitor(discovery: Discovery): Promise<Visitor> {
  const { promise: news, resolve } = Promise.withResolvers<StockNews>();
  const definition = defineService({
    name: "visitor",
    needs: [client],
    subscribers: [
      subscribe<Article>(STOCK_CHANGED, (article, { metadata }) =>
        resolve({ article, tenant: metadata.get("tenant") ?? "" }),
      ),
    ],
  });
  const service = await createService(definition, {
    plugins,
    configFile: false,
    server: { address: "127.0.0.1:0" },
    broker: { addresses: ["127.0.0.1:0"] },
    logger: { level: "warn" },
    cli: { argv: discovery.flags, env: {} },
  });
  return { service, news };
}
