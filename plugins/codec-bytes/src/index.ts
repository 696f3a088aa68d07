export { bytesCodec } from "./bytes-codec.ts";
