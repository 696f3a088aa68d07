export { textCodec } from "./text-codec.ts";
