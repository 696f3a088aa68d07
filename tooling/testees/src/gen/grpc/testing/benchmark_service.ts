// Code generated from grpc/testing/benchmark_service.proto by `micro generate`. DO NOT EDIT.
import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import { defineFile } from "@micro/core/message";
import { messagesFile, SimpleRequest, SimpleResponse } from "./messages.ts";

/** `grpc/testing/benchmark_service.proto`. */
export const benchmarkServiceFile = defineFile({
  name: "grpc/testing/benchmark_service.proto",
  package: "grpc.testing",
  imports: [messagesFile],
});

/** What gRPC's benchmarks call. */
export const BenchmarkService = defineContract({
  name: "BenchmarkService",
  service: "grpc.testing",
  file: benchmarkServiceFile,
  description: "What gRPC's benchmarks call.",
  methods: {
    unaryCall: unary({ input: SimpleRequest, output: SimpleResponse }),
    /** A reply for each request, one after the other. */
    streamingCall: bidiStream({
      input: SimpleRequest,
      output: SimpleResponse,
      description: "A reply for each request, one after the other.",
    }),
    /** As many requests as the client likes, one reply. */
    streamingFromClient: clientStream({
      input: SimpleRequest,
      output: SimpleResponse,
      description: "As many requests as the client likes, one reply.",
    }),
    /** Replies until the client has enough. */
    streamingFromServer: serverStream({
      input: SimpleRequest,
      output: SimpleResponse,
      description: "Replies until the client has enough.",
    }),
    /** Replies and requests independent of each other. */
    streamingBothWays: bidiStream({
      input: SimpleRequest,
      output: SimpleResponse,
      description: "Replies and requests independent of each other.",
    }),
  },
});
