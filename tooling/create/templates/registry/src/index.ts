export { sampleRegistry } from "./plugin.ts";
