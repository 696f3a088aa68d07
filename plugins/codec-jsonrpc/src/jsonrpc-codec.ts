import { codec } from "@micro/codec";
import { definePlugin } from "@micro/core";
import { jsonrpcEnvelope } from "./jsonrpc-envelope.ts";

/**
 * `application/json-rpc`: Go Micro's JSON-RPC envelope around what the codec of `application/json` writes (spec 1.6).
 * Depth and size of messages are limited by that codec. What is no envelope is `BAD_REQUEST`.
 */
export const jsonrpcCodec = definePlugin(codec, { name: "jsonrpc", create: () => jsonrpcEnvelope });
