import { yargsCli } from "@micro/cli-yargs";
import { jsonCodec } from "@micro/codec-json";
import { defineService, runService } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { fileRegistry } from "@micro/registry-file";
import { grpcServer } from "@micro/server-grpc";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";

/** A whole program, for the tests of what it says when it cannot start. */
await runService(defineService({ name: "shop" }), {
  plugins: [yargsCli, jsonCodec, consoleLogger, fileRegistry, httpTransport, rpcServer, grpcServer],
  server: { plugin: "rpc", address: "127.0.0.1:0" },
});
