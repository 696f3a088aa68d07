// Code generated from connectrpc/conformance/v1/client_compat.proto by `micro generate`. DO NOT EDIT.
import { defineFile, defineMessage, type MessageType, type OneOf } from "@micro/core/message";
import { Any, anyFile, Empty, emptyFile } from "@micro/core/wkt";
import { Codec, Compression, configFile, HTTPVersion, Protocol, StreamType, TLSCreds } from "./config.ts";
import { ConformancePayload, ErrorMessage, Header, serviceFile } from "./service.ts";

/** `connectrpc/conformance/v1/client_compat.proto`. */
export const clientCompatFile = defineFile({
  name: "connectrpc/conformance/v1/client_compat.proto",
  package: "connectrpc.conformance.v1",
  imports: [configFile, serviceFile, anyFile, emptyFile],
});

/** One call that a client shall make. The field 20, a request byte by byte, is for the suite's own client. */
export interface ClientCompatRequest {
  testName: string;
  httpVersion: HTTPVersion;
  protocol: Protocol;
  codec: Codec;
  compression: Compression;
  host: string;
  port: number;
  /** PEM; empty for a plain connection. */
  serverTlsCert: Uint8Array;
  clientTlsCreds?: TLSCreds | undefined;
  /** Largest reply in bytes. */
  messageReceiveLimit: number;
  service?: string | undefined;
  method?: string | undefined;
  streamType: StreamType;
  useGetHttpMethod: boolean;
  requestHeaders: Header[];
  requestMessages: Any[];
  timeoutMs?: number | undefined;
  /** Before each message. */
  requestDelayMs: number;
  cancel?: ClientCompatRequest_Cancel | undefined;
}
export const ClientCompatRequest: MessageType<ClientCompatRequest> = defineMessage(
  clientCompatFile,
  "ClientCompatRequest",
  () => ({
    testName: { number: 1, type: "string" },
    httpVersion: { number: 2, type: HTTPVersion },
    protocol: { number: 3, type: Protocol },
    codec: { number: 4, type: Codec },
    compression: { number: 5, type: Compression },
    host: { number: 6, type: "string" },
    port: { number: 7, type: "uint32" },
    serverTlsCert: { number: 8, type: "bytes" },
    clientTlsCreds: { number: 9, type: TLSCreds },
    messageReceiveLimit: { number: 10, type: "uint32" },
    service: { number: 11, type: "string", optional: true },
    method: { number: 12, type: "string", optional: true },
    streamType: { number: 13, type: StreamType },
    useGetHttpMethod: { number: 14, type: "bool" },
    requestHeaders: { number: 15, type: Header, repeated: true },
    requestMessages: { number: 16, type: Any, repeated: true },
    timeoutMs: { number: 17, type: "uint32", optional: true },
    requestDelayMs: { number: 18, type: "uint32" },
    cancel: { number: 19, type: ClientCompatRequest_Cancel },
  }),
  { description: "One call that a client shall make." },
);

/** When to give the call up. */
export type ClientCompatRequest_Cancel = OneOf<{
  beforeCloseSend: Empty;
  afterCloseSendMs: number;
  afterNumResponses: number;
}>;
export const ClientCompatRequest_Cancel: MessageType<ClientCompatRequest_Cancel> = defineMessage(
  clientCompatFile,
  "ClientCompatRequest.Cancel",
  () => ({
    beforeCloseSend: { number: 1, type: Empty, oneof: "cancel_timing" },
    afterCloseSendMs: { number: 2, type: "uint32", oneof: "cancel_timing" },
    afterNumResponses: { number: 3, type: "uint32", oneof: "cancel_timing" },
  }),
  { description: "When to give the call up." },
);

/** What became of it. */
export type ClientCompatResponse = {
  testName: string;
} & OneOf<{
  response: ClientResponseResult;
  /** The call could not even be tried. */
  error: ClientErrorResult;
}>;
export const ClientCompatResponse: MessageType<ClientCompatResponse> = defineMessage(
  clientCompatFile,
  "ClientCompatResponse",
  () => ({
    testName: { number: 1, type: "string" },
    response: { number: 2, type: ClientResponseResult, oneof: "result" },
    error: { number: 3, type: ClientErrorResult, oneof: "result" },
  }),
  { description: "What became of it." },
);

export interface ClientResponseResult {
  responseHeaders: Header[];
  payloads: ConformancePayload[];
  error?: ErrorMessage | undefined;
  responseTrailers: Header[];
  numUnsentRequests: number;
  httpStatusCode?: number | undefined;
  feedback: string[];
}
export const ClientResponseResult: MessageType<ClientResponseResult> = defineMessage(
  clientCompatFile,
  "ClientResponseResult",
  () => ({
    responseHeaders: { number: 1, type: Header, repeated: true },
    payloads: { number: 2, type: ConformancePayload, repeated: true },
    error: { number: 3, type: ErrorMessage },
    responseTrailers: { number: 4, type: Header, repeated: true },
    numUnsentRequests: { number: 5, type: "int32" },
    httpStatusCode: { number: 6, type: "int32", optional: true },
    feedback: { number: 7, type: "string", repeated: true },
  }),
);

export interface ClientErrorResult {
  message: string;
}
export const ClientErrorResult: MessageType<ClientErrorResult> = defineMessage(
  clientCompatFile,
  "ClientErrorResult",
  () => ({
    message: { number: 1, type: "string" },
  }),
);
