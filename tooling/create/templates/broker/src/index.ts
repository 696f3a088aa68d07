export { sampleBroker } from "./plugin.ts";
