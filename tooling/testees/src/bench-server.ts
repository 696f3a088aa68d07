import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, type HandlerBinding, implement } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { grpcServer } from "@micro/server-grpc";
import { BenchmarkService } from "./gen/grpc/testing/benchmark_service.ts";
import type { SimpleRequest } from "./gen/grpc/testing/messages.ts";
import { payloadOf } from "./interop/test-service.ts";
import { portFlag, readFlags, serverTls, tlsServerFlags } from "./support/flags.ts";
import { serve, testee } from "./support/program.ts";

// grpc.testing.BenchmarkService, for the load generators of gRPC's benchmarks.

const replyTo = ({ responseSize }: Pick<SimpleRequest, "responseSize">) => ({
  payload: payloadOf(responseSize),
});

function benchmarkHandlers(): readonly HandlerBinding[] {
  return implement(BenchmarkService, {
    unaryCall: replyTo,
    async *streamingCall(requests) {
      for await (const request of requests) yield replyTo(request);
    },
    async streamingFromClient(requests) {
      let last = { responseSize: 0 };
      for await (const request of requests) last = request;
      return replyTo(last);
    },
    async *streamingFromServer(request, { cancellation }) {
      // Until the client has enough: its leaving ends the loop.
      while (!cancellation.aborted) yield replyTo(request);
    },
    async *streamingBothWays(requests) {
      for await (const request of requests) yield replyTo(request);
    },
  });
}

await testee(async () => {
  const flags = { ...portFlag, ...tlsServerFlags };
  const given = await readFlags({ name: "bench-server", usage: "bench-server [flags]", flags });
  const tls = serverTls(given);
  const service = await createService(
    defineService({ name: "grpc.testing", handlers: [benchmarkHandlers()] }),
    {
      plugins: [consoleLogger, protobufCodec, memoryRegistry, grpcServer],
      configFile: false,
      logger: { level: "warn" },
      server: { address: `${given.host}:${given.port}`, ...(tls === undefined ? {} : { tls }) },
    },
  );
  await serve(service);
});
