import { httpBroker } from "@micro/broker-http";
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
import { mdnsRegistry } from "@micro/registry-mdns";
import { leastPendingSelector, randomSelector, roundRobinSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";

/** What Go Micro's `sets/defaults` starts: `createService(definition, {plugins: [...defaults]})`. */
export const defaults = [
  consoleLogger,
  yargsCli,
  jsonCodec,
  bytesCodec,
  textCodec,
  protobufCodec,
  jsonrpcCodec,
  protorpcCodec,
  grpcCodec,
  mdnsRegistry,
  randomSelector,
  roundRobinSelector,
  leastPendingSelector,
  httpTransport,
  httpBroker,
  rpcClient,
  rpcServer,
] as const;
