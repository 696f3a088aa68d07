export { sampleCodec } from "./sample-codec.ts";
