import { natsBroker } from "@micro/broker-nats";
import { yargsCli } from "@micro/cli-yargs";
import { rpcClient } from "@micro/client-rpc";
import { bytesCodec } from "@micro/codec-bytes";
import { grpcCodec } from "@micro/codec-grpc";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import { textCodec } from "@micro/codec-text";
import { consoleLogger } from "@micro/logger-console";
import { natsRegistry } from "@micro/registry-nats";
import { leastPendingSelector, randomSelector, roundRobinSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { natsTransport } from "@micro/transport-nats";

/**
 * NATS alone carries discovery, messages and calls: `createService(definition, {plugins: [...nats]})`. The rest is that of
 * `@micro/set-defaults`.
 */
export const nats = [
  consoleLogger,
  yargsCli,
  jsonCodec,
  bytesCodec,
  textCodec,
  protobufCodec,
  jsonrpcCodec,
  protorpcCodec,
  grpcCodec,
  natsRegistry,
  randomSelector,
  roundRobinSelector,
  leastPendingSelector,
  natsTransport,
  natsBroker,
  rpcClient,
  rpcServer,
] as const;
