export { grpcCodec } from "./grpc-codec.ts";
