// Code generated from connectrpc/conformance/v1/service.proto by `micro generate`. DO NOT EDIT.
import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import { defineFile, defineMessage, type MessageType, type OneOf } from "@micro/core/message";
import { Any, anyFile } from "@micro/core/wkt";
import { Code, Compression, configFile } from "./config.ts";

/** `connectrpc/conformance/v1/service.proto`. */
export const serviceFile = defineFile({
  name: "connectrpc/conformance/v1/service.proto",
  package: "connectrpc.conformance.v1",
  imports: [configFile, anyFile],
});

/** How a call with one reply shall be answered. */
export type UnaryResponseDefinition = {
  responseHeaders: Header[];
  responseTrailers: Header[];
  /** Of the suite's own server only; clients hand it on. */
  rawResponse?: RawHTTPResponse | undefined;
  responseDelayMs: number;
} & OneOf<{
  responseData: Uint8Array;
  error: ErrorMessage;
}>;
export const UnaryResponseDefinition: MessageType<UnaryResponseDefinition> = defineMessage(
  serviceFile,
  "UnaryResponseDefinition",
  () => ({
    responseHeaders: { number: 1, type: Header, repeated: true },
    responseData: { number: 2, type: "bytes", oneof: "response" },
    error: { number: 3, type: ErrorMessage, oneof: "response" },
    responseTrailers: { number: 4, type: Header, repeated: true },
    rawResponse: { number: 5, type: RawHTTPResponse },
    responseDelayMs: { number: 6, type: "uint32" },
  }),
  { description: "How a call with one reply shall be answered." },
);

/** How a call with many replies shall be answered. */
export interface StreamResponseDefinition {
  responseHeaders: Header[];
  responseData: Uint8Array[];
  /** Before each reply. */
  responseDelayMs: number;
  error?: ErrorMessage | undefined;
  responseTrailers: Header[];
  /** Of the suite's own server only; clients hand it on. */
  rawResponse?: RawHTTPResponse | undefined;
}
export const StreamResponseDefinition: MessageType<StreamResponseDefinition> = defineMessage(
  serviceFile,
  "StreamResponseDefinition",
  () => ({
    responseHeaders: { number: 1, type: Header, repeated: true },
    responseData: { number: 2, type: "bytes", repeated: true },
    responseDelayMs: { number: 3, type: "uint32" },
    error: { number: 4, type: ErrorMessage },
    responseTrailers: { number: 5, type: Header, repeated: true },
    rawResponse: { number: 6, type: RawHTTPResponse },
  }),
  { description: "How a call with many replies shall be answered." },
);

export interface UnaryRequest {
  responseDefinition?: UnaryResponseDefinition | undefined;
  requestData: Uint8Array;
}
export const UnaryRequest: MessageType<UnaryRequest> = defineMessage(serviceFile, "UnaryRequest", () => ({
  responseDefinition: { number: 1, type: UnaryResponseDefinition },
  requestData: { number: 2, type: "bytes" },
}));

export interface UnaryResponse {
  payload?: ConformancePayload | undefined;
}
export const UnaryResponse: MessageType<UnaryResponse> = defineMessage(serviceFile, "UnaryResponse", () => ({
  payload: { number: 1, type: ConformancePayload },
}));

export interface IdempotentUnaryRequest {
  responseDefinition?: UnaryResponseDefinition | undefined;
  requestData: Uint8Array;
}
export const IdempotentUnaryRequest: MessageType<IdempotentUnaryRequest> = defineMessage(
  serviceFile,
  "IdempotentUnaryRequest",
  () => ({
    responseDefinition: { number: 1, type: UnaryResponseDefinition },
    requestData: { number: 2, type: "bytes" },
  }),
);

export interface IdempotentUnaryResponse {
  payload?: ConformancePayload | undefined;
}
export const IdempotentUnaryResponse: MessageType<IdempotentUnaryResponse> = defineMessage(
  serviceFile,
  "IdempotentUnaryResponse",
  () => ({
    payload: { number: 1, type: ConformancePayload },
  }),
);

export interface ServerStreamRequest {
  responseDefinition?: StreamResponseDefinition | undefined;
  requestData: Uint8Array;
}
export const ServerStreamRequest: MessageType<ServerStreamRequest> = defineMessage(
  serviceFile,
  "ServerStreamRequest",
  () => ({
    responseDefinition: { number: 1, type: StreamResponseDefinition },
    requestData: { number: 2, type: "bytes" },
  }),
);

export interface ServerStreamResponse {
  payload?: ConformancePayload | undefined;
}
export const ServerStreamResponse: MessageType<ServerStreamResponse> = defineMessage(
  serviceFile,
  "ServerStreamResponse",
  () => ({
    payload: { number: 1, type: ConformancePayload },
  }),
);

/** The definition stands in the first message. */
export interface ClientStreamRequest {
  responseDefinition?: UnaryResponseDefinition | undefined;
  requestData: Uint8Array;
}
export const ClientStreamRequest: MessageType<ClientStreamRequest> = defineMessage(
  serviceFile,
  "ClientStreamRequest",
  () => ({
    responseDefinition: { number: 1, type: UnaryResponseDefinition },
    requestData: { number: 2, type: "bytes" },
  }),
  { description: "The definition stands in the first message." },
);

export interface ClientStreamResponse {
  payload?: ConformancePayload | undefined;
}
export const ClientStreamResponse: MessageType<ClientStreamResponse> = defineMessage(
  serviceFile,
  "ClientStreamResponse",
  () => ({
    payload: { number: 1, type: ConformancePayload },
  }),
);

/** Definition and `full_duplex` stand in the first message. */
export interface BidiStreamRequest {
  responseDefinition?: StreamResponseDefinition | undefined;
  /** Answer each request as it comes. */
  fullDuplex: boolean;
  requestData: Uint8Array;
}
export const BidiStreamRequest: MessageType<BidiStreamRequest> = defineMessage(
  serviceFile,
  "BidiStreamRequest",
  () => ({
    responseDefinition: { number: 1, type: StreamResponseDefinition },
    fullDuplex: { number: 2, type: "bool" },
    requestData: { number: 3, type: "bytes" },
  }),
  { description: "Definition and `full_duplex` stand in the first message." },
);

export interface BidiStreamResponse {
  payload?: ConformancePayload | undefined;
}
export const BidiStreamResponse: MessageType<BidiStreamResponse> = defineMessage(
  serviceFile,
  "BidiStreamResponse",
  () => ({
    payload: { number: 1, type: ConformancePayload },
  }),
);

/** What the server saw, beside the data that it was asked to send. */
export interface ConformancePayload {
  data: Uint8Array;
  requestInfo?: ConformancePayload_RequestInfo | undefined;
}
export const ConformancePayload: MessageType<ConformancePayload> = defineMessage(
  serviceFile,
  "ConformancePayload",
  () => ({
    data: { number: 1, type: "bytes" },
    requestInfo: { number: 2, type: ConformancePayload_RequestInfo },
  }),
  { description: "What the server saw, beside the data that it was asked to send." },
);

export interface ConformancePayload_RequestInfo {
  requestHeaders: Header[];
  timeoutMs?: number | undefined;
  requests: Any[];
}
export const ConformancePayload_RequestInfo: MessageType<ConformancePayload_RequestInfo> = defineMessage(
  serviceFile,
  "ConformancePayload.RequestInfo",
  () => ({
    requestHeaders: { number: 1, type: Header, repeated: true },
    timeoutMs: { number: 2, type: "int64", optional: true, int64: "number" },
    requests: { number: 3, type: Any, repeated: true },
  }),
);

export interface ErrorMessage {
  code: Code;
  message?: string | undefined;
  details: Any[];
}
export const ErrorMessage: MessageType<ErrorMessage> = defineMessage(serviceFile, "Error", () => ({
  code: { number: 1, type: Code },
  message: { number: 2, type: "string", optional: true },
  details: { number: 3, type: Any, repeated: true },
}));

/** One header with all its values. */
export interface Header {
  name: string;
  value: string[];
}
export const Header: MessageType<Header> = defineMessage(
  serviceFile,
  "Header",
  () => ({
    name: { number: 1, type: "string" },
    value: { number: 2, type: "string", repeated: true },
  }),
  { description: "One header with all its values." },
);

/** The body of a message, byte by byte. */
export type MessageContents = {
  compression: Compression;
} & OneOf<{
  binary: Uint8Array;
  text: string;
  binaryMessage: Any;
}>;
export const MessageContents: MessageType<MessageContents> = defineMessage(
  serviceFile,
  "MessageContents",
  () => ({
    binary: { number: 1, type: "bytes", oneof: "data" },
    text: { number: 2, type: "string", oneof: "data" },
    binaryMessage: { number: 3, type: Any, oneof: "data" },
    compression: { number: 4, type: Compression },
  }),
  { description: "The body of a message, byte by byte." },
);

/** The body of a stream, frame by frame. */
export interface StreamContents {
  items: StreamContents_StreamItem[];
}
export const StreamContents: MessageType<StreamContents> = defineMessage(
  serviceFile,
  "StreamContents",
  () => ({
    items: { number: 1, type: StreamContents_StreamItem, repeated: true },
  }),
  { description: "The body of a stream, frame by frame." },
);

export interface StreamContents_StreamItem {
  flags: number;
  /** What the frame says its length is. */
  length?: number | undefined;
  payload?: MessageContents | undefined;
}
export const StreamContents_StreamItem: MessageType<StreamContents_StreamItem> = defineMessage(
  serviceFile,
  "StreamContents.StreamItem",
  () => ({
    flags: { number: 1, type: "uint32" },
    length: { number: 2, type: "uint32", optional: true },
    payload: { number: 3, type: MessageContents },
  }),
);

/** A reply below the level of RPC. */
export type RawHTTPResponse = {
  statusCode: number;
  headers: Header[];
  trailers: Header[];
} & OneOf<{
  unary: MessageContents;
  stream: StreamContents;
}>;
export const RawHTTPResponse: MessageType<RawHTTPResponse> = defineMessage(
  serviceFile,
  "RawHTTPResponse",
  () => ({
    statusCode: { number: 1, type: "uint32" },
    headers: { number: 2, type: Header, repeated: true },
    unary: { number: 3, type: MessageContents, oneof: "body" },
    stream: { number: 4, type: StreamContents, oneof: "body" },
    trailers: { number: 5, type: Header, repeated: true },
  }),
  { description: "A reply below the level of RPC." },
);

/** What the conformance suite calls. Servers leave Unimplemented out. */
export const ConformanceService = defineContract({
  name: "ConformanceService",
  service: "connectrpc.conformance.v1",
  file: serviceFile,
  description: "What the conformance suite calls.",
  methods: {
    unary: unary({ input: UnaryRequest, output: UnaryResponse }),
    serverStream: serverStream({ input: ServerStreamRequest, output: ServerStreamResponse }),
    clientStream: clientStream({ input: ClientStreamRequest, output: ClientStreamResponse }),
    bidiStream: bidiStream({ input: BidiStreamRequest, output: BidiStreamResponse }),
    idempotentUnary: unary({
      input: IdempotentUnaryRequest,
      output: IdempotentUnaryResponse,
      idempotent: true,
    }),
  },
});
