export { sampleTransport } from "./plugin.ts";
