// Code generated from grpc/testing/test.proto by `micro generate`. DO NOT EDIT.
import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import { defineFile } from "@micro/core/message";
import { Empty, emptyFile } from "./empty.ts";
import {
  messagesFile,
  SimpleRequest,
  SimpleResponse,
  StreamingInputCallRequest,
  StreamingInputCallResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "./messages.ts";

/** `grpc/testing/test.proto`. */
export const testFile = defineFile({
  name: "grpc/testing/test.proto",
  package: "grpc.testing",
  imports: [emptyFile, messagesFile],
});

/** What the interop test descriptions of gRPC call. Servers leave UnimplementedCall out. */
export const TestService = defineContract({
  name: "TestService",
  service: "grpc.testing",
  file: testFile,
  description: "What the interop test descriptions of gRPC call.",
  methods: {
    emptyCall: unary({ input: Empty, output: Empty }),
    unaryCall: unary({ input: SimpleRequest, output: SimpleResponse }),
    cacheableUnaryCall: unary({ input: SimpleRequest, output: SimpleResponse }),
    /** One request, many replies. */
    streamingOutputCall: serverStream({
      input: StreamingOutputCallRequest,
      output: StreamingOutputCallResponse,
      description: "One request, many replies.",
    }),
    /** Many requests, one reply. */
    streamingInputCall: clientStream({
      input: StreamingInputCallRequest,
      output: StreamingInputCallResponse,
      description: "Many requests, one reply.",
    }),
    /** Answers each request as it comes. */
    fullDuplexCall: bidiStream({
      input: StreamingOutputCallRequest,
      output: StreamingOutputCallResponse,
      description: "Answers each request as it comes.",
    }),
    /** Answers when all requests are there. */
    halfDuplexCall: bidiStream({
      input: StreamingOutputCallRequest,
      output: StreamingOutputCallResponse,
      description: "Answers when all requests are there.",
    }),
  },
});
