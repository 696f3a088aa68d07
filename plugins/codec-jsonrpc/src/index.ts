export { jsonrpcCodec } from "./jsonrpc-codec.ts";
