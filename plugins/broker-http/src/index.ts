export { httpBroker } from "./plugin.ts";
