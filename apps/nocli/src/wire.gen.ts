// Wired from composition.ts by `micro wire`. DO NOT EDIT.
import { httpBroker } from "@micro/broker-http";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { runWired, type WiredOptions, type WiredService, wireService } from "@micro/core/wired";
import { consoleLogger } from "@micro/logger-console";
import { mdnsRegistry } from "@micro/registry-mdns";
import { leastPendingSelector, randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { announce } from "./announce.ts";
import { greeter } from "./greeter.ts";

const plugins = [
  consoleLogger,
  jsonCodec,
  mdnsRegistry,
  randomSelector,
  leastPendingSelector,
  httpTransport,
  httpBroker,
  rpcClient,
  rpcServer,
] as const;

const settings: WiredOptions<typeof plugins> = {
  logger: { level: "warn" },
  client: { poolRetries: 2 },
  broker: { addresses: ["127.0.0.1:0"] },
  hooks: { afterStart: announce },
};

/** Service 'greeter' with its components. */
export type Greeter = WiredService<typeof plugins>;

/** Creates service 'greeter'. What `options` say is stronger than what composition.ts says. */
export function createGreeter(options: WiredOptions<typeof plugins> = {}): Promise<Greeter> {
  return wireService(greeter, { plugins, settings, options }, async (create) => {
    const logger = await create(consoleLogger);
    const codec = await create(jsonCodec);
    const registry = await create(mdnsRegistry, { logger });
    const selector = await create([randomSelector, leastPendingSelector], { registry });
    const transport = await create(httpTransport, { logger });
    const broker = await create(httpBroker, { logger, registry });
    await create(rpcClient, { broker, codec, logger, selector, transport });
    await create(rpcServer, { broker, codec, logger, registry, transport });
  });
}

/** Runs service 'greeter' as a main program: creates, starts, waits for a signal, stops. */
export function runGreeter(options: WiredOptions<typeof plugins> = {}): Promise<void> {
  return runWired(createGreeter, options);
}
