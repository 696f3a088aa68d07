// Code generated from testees/echo.proto by `micro generate`. DO NOT EDIT.
import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";

/** `testees/echo.proto`. */
export const echoFile = defineFile({ name: "testees/echo.proto", package: "testees" });

export interface EchoMessage {
  text: string;
  body: Uint8Array;
}
export const EchoMessage: MessageType<EchoMessage> = defineMessage(echoFile, "EchoMessage", () => ({
  text: { number: 1, type: "string" },
  body: { number: 2, type: "bytes" },
}));

export interface SleepRequest {
  /** In milliseconds. */
  ms: number;
}
export const SleepRequest: MessageType<SleepRequest> = defineMessage(echoFile, "SleepRequest", () => ({
  ms: { number: 1, type: "uint32" },
}));

export interface SleepReply {
  sleptMs: number;
}
export const SleepReply: MessageType<SleepReply> = defineMessage(echoFile, "SleepReply", () => ({
  sleptMs: { number: 1, type: "uint32" },
}));

export interface FailRequest {
  /** A code of MicroError, such as NOT_FOUND. */
  code: string;
  detail: string;
}
export const FailRequest: MessageType<FailRequest> = defineMessage(echoFile, "FailRequest", () => ({
  code: { number: 1, type: "string" },
  detail: { number: 2, type: "string" },
}));

export interface CountRequest {
  id: string;
  /**
   * The caller has declared that repeating does no harm. Without it, an id that comes again is logged as an error.
   */
  idempotent: boolean;
}
export const CountRequest: MessageType<CountRequest> = defineMessage(echoFile, "CountRequest", () => ({
  id: { number: 1, type: "string" },
  idempotent: { number: 2, type: "bool" },
}));

export interface CountReply {
  /** Calls of this id. */
  times: number;
  /** Events of this id that came by the broker. */
  events: number;
}
export const CountReply: MessageType<CountReply> = defineMessage(echoFile, "CountReply", () => ({
  times: { number: 1, type: "uint32" },
  events: { number: 2, type: "uint32" },
}));

export interface FloodRequest {
  n: number;
  /** Of each message's body, in bytes. */
  size: number;
}
export const FloodRequest: MessageType<FloodRequest> = defineMessage(echoFile, "FloodRequest", () => ({
  n: { number: 1, type: "uint32" },
  size: { number: 2, type: "uint32" },
}));

export interface SinkReply {
  messages: number;
  /** Of all bodies together. */
  bytes: number;
}
export const SinkReply: MessageType<SinkReply> = defineMessage(echoFile, "SinkReply", () => ({
  messages: { number: 1, type: "uint32" },
  bytes: { number: 2, type: "uint64", int64: "number" },
}));

export type CrashRequest = Record<string, never>;
export const CrashRequest: MessageType<CrashRequest> = defineMessage(echoFile, "CrashRequest", () => ({}));

export type WhoamiRequest = Record<string, never>;
export const WhoamiRequest: MessageType<WhoamiRequest> = defineMessage(echoFile, "WhoamiRequest", () => ({}));

export interface WhoamiReply {
  pid: number;
  service: string;
  version: string;
  /** Server plugin: rpc or grpc. */
  server: string;
  /** Socket address of the caller, or "local". */
  caller: string;
  /** What the caller sent along. */
  metadata: { [key: string]: string };
}
export const WhoamiReply: MessageType<WhoamiReply> = defineMessage(echoFile, "WhoamiReply", () => ({
  pid: { number: 1, type: "uint32" },
  service: { number: 2, type: "string" },
  version: { number: 3, type: "string" },
  server: { number: 4, type: "string" },
  caller: { number: 5, type: "string" },
  metadata: { number: 6, type: "string", map: "string" },
}));

/** What black-box suites of calls, faults and performance need of a service. */
export const Echo = defineContract({
  name: "Echo",
  service: "testees",
  file: echoFile,
  description: "What black-box suites of calls, faults and performance need of a service.",
  methods: {
    /** The same text and bytes. */
    echo: unary({
      input: EchoMessage,
      output: EchoMessage,
      idempotent: true,
      description: "The same text and bytes.",
    }),
    /** Answers after a while; says how long it slept. Ends early when the call is cancelled. */
    sleep: unary({
      input: SleepRequest,
      output: SleepReply,
      description: "Answers after a while; says how long it slept.",
    }),
    /** Fails with a code and a text. */
    fail: unary({ input: FailRequest, output: EchoMessage, description: "Fails with a code and a text." }),
    /** How often this id has reached this node, this time included. */
    count: unary({
      input: CountRequest,
      output: CountReply,
      description: "How often this id has reached this node, this time included.",
    }),
    /** Each message back as it comes. */
    chat: bidiStream({
      input: EchoMessage,
      output: EchoMessage,
      description: "Each message back as it comes.",
    }),
    /** So many messages of such a size. */
    flood: serverStream({
      input: FloodRequest,
      output: EchoMessage,
      description: "So many messages of such a size.",
    }),
    /** Takes everything and says how much it was. */
    sink: clientStream({
      input: EchoMessage,
      output: SinkReply,
      description: "Takes everything and says how much it was.",
    }),
    /** Ends the process at once, without an answer. */
    crash: unary({
      input: CrashRequest,
      output: CrashRequest,
      description: "Ends the process at once, without an answer.",
    }),
    /** Which process this is, and what it knows of its caller. */
    whoami: unary({
      input: WhoamiRequest,
      output: WhoamiReply,
      idempotent: true,
      description: "Which process this is, and what it knows of its caller.",
    }),
  },
});
