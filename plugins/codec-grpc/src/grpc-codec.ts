import { codec } from "@micro/codec";
import { definePlugin } from "@micro/core";
import { grpcFrames } from "./grpc-frames.ts";

/**
 * `application/grpc`, `+proto` and `+json` on the rpc client and server: messages in frames of gRPC (spec 1.5), around
 * what the codecs of `application/protobuf` and `application/json` write. For gRPC itself there is a client and a
 * server of their own.
 */
export const grpcCodec = definePlugin(codec, { name: "grpc", create: () => grpcFrames });
