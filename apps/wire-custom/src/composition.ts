import { memoryBroker } from "@micro/broker-memory";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { memoryTransport } from "@micro/transport-memory";
import { listedPrices } from "./prices.ts";
import { till } from "./till.ts";

export { shop as definition } from "./shop.ts";

/** What `createService` is given, and what `micro wire` reads. In what order the plugins stand does not matter. */
export const options = {
  plugins: [
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
  ],
  logger: { level: "warn" },
  prices: { list: { coffee: "250", cake: "395" } },
} as const;
