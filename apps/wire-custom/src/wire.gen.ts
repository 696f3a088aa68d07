// Wired from composition.ts by `micro wire`. DO NOT EDIT.
import { memoryBroker } from "@micro/broker-memory";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { runWired, type WiredOptions, type WiredService, wireService } from "@micro/core/wired";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { memoryTransport } from "@micro/transport-memory";
import { listedPrices } from "./prices.ts";
import { shop } from "./shop.ts";
import { till } from "./till.ts";

const plugins = [
  till,
  listedPrices,
  consoleLogger,
  jsonCodec,
  memoryRegistry,
  randomSelector,
  memoryTransport,
  memoryBroker,
  rpcClient,
  rpcServer,
] as const;

const settings: WiredOptions<typeof plugins> = {
  logger: { level: "warn" },
  prices: { list: { coffee: "250", cake: "395" } },
};

/** Service 'shop' with its components. */
export type Shop = WiredService<typeof plugins>;

/** Creates service 'shop'. What `options` say is stronger than what composition.ts says. */
export function createShop(options: WiredOptions<typeof plugins> = {}): Promise<Shop> {
  return wireService(shop, { plugins, settings, options }, async (create) => {
    const logger = await create(consoleLogger);
    const prices = await create(listedPrices, { logger });
    const codec = await create(jsonCodec);
    const registry = await create(memoryRegistry);
    const selector = await create(randomSelector, { registry });
    const transport = await create(memoryTransport);
    const broker = await create(memoryBroker, { logger });
    const client = await create(rpcClient, { broker, codec, logger, selector, transport });
    await create(till, { client, prices });
    await create(rpcServer, { broker, codec, logger, registry, transport });
  });
}

/** Runs service 'shop' as a main program: creates, starts, waits for a signal, stops. */
export function runShop(options: WiredOptions<typeof plugins> = {}): Promise<void> {
  return runWired(createShop, options);
}
