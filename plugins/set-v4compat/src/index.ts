import { httpBroker } from "@micro/broker-http";
import { yargsCli } from "@micro/cli-yargs";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { consoleLogger } from "@micro/logger-console";
import { mdnsRegistry } from "@micro/registry-mdns";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";

/** What Go Micro's `sets/v4compat` names, with the codec that set forgets (spec 9.7, point 10). */
export const v4compat = [
  consoleLogger,
  yargsCli,
  jsonCodec,
  mdnsRegistry,
  randomSelector,
  httpTransport,
  httpBroker,
  rpcClient,
  rpcServer,
] as const;
