export { protorpcCodec } from "./protorpc-codec.ts";
