import { codec } from "@micro/codec";
import { definePlugin } from "@micro/core";
import { protorpcEnvelope } from "./protorpc-envelope.ts";

/**
 * `application/proto-rpc`: Go Micro's protobuf envelope in front of what the codec of `application/protobuf` writes
 * (spec 1.7). What is no envelope is `BAD_REQUEST`.
 */
export const protorpcCodec = definePlugin(codec, { name: "protorpc", create: () => protorpcEnvelope });
