import { httpBroker } from "@micro/broker-http";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { consoleLogger } from "@micro/logger-console";
import { mdnsRegistry } from "@micro/registry-mdns";
import { leastPendingSelector, randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { announce } from "./announce.ts";

export { greeter as definition } from "./greeter.ts";

/** What `createService` is given, and what `micro wire` reads. No cli plugin: flags and variables are not looked at. */
export const options = {
  plugins: [
    consoleLogger,
    jsonCodec,
    mdnsRegistry,
    randomSelector,
    leastPendingSelector,
    httpTransport,
    httpBroker,
    rpcClient,
    rpcServer,
  ],
  logger: { level: "warn" },
  client: { poolRetries: 2 },
  broker: { addresses: ["127.0.0.1:0"] },
  hooks: { afterStart: announce },
} as const;
